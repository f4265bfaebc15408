"""Weights in: a checkpoint folder or a GGUF file becomes a checked MLX folder that appears whole or not at all.

    from convert.conversion import convert
    result = convert(Path("SmolVLM-256M-Instruct"), Path("256m-4bit"))

Knows no network (app.shelf.downloads fetches) and no terminal. Nothing dear is imported here, so that `convert.recipe`
stays cheap.
"""

# Brings the BLAS library in before any module here can import MLX: with its own a check takes many times as long.
import mlx_model as mlx_model
