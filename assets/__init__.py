"""Data that ships with Smolsight: the embedded checkpoint and the sample pictures. No code but the way to find them."""

from pathlib import Path


def path(name: str) -> Path:
    """Where the asset `name` lies, for example "embedded" or "samples"; it need not exist in a partial checkout."""
    return Path(__file__).parent / name
