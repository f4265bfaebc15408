"""Measurements for the docs: answering beside mlx-vlm (`python -m tools.bench`), preprocessing, conversion."""
