"""The settings' dialog: rows of data as controls. Start at `dialog.py`."""
