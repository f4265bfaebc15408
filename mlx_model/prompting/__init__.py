"""From a conversation to token ids, and whether they fit. Start at `prompt.py`."""
