"""What the model has read of each conversation, kept so that it is never read twice. Start at `session.py`."""
