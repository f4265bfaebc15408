"""The history in the window: a list below the sections, and what keeps it up to date. Start at `history_list.py`."""
