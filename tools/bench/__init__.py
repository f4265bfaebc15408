"""Measurements beside others' software. `python -m tools.bench` is the comparison with mlx-vlm."""
