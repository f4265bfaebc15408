"""A checkpoint folder on disk becomes a ready model, or one sentence says why it cannot. Start at `checkpoint.py`."""
