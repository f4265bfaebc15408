"""Weights in: a checkpoint folder or a GGUF file becomes a checked MLX folder that appears whole or not at all.

    from convert.conversion import convert
    result = convert(Path("SmolVLM-256M-Instruct"), Path("256m-4bit"))

Knows no network (app.shelf.downloads fetches) and no terminal. Nothing is imported here, so that `convert.recipe` stays
cheap.
"""
