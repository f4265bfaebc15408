"""The command line: `smolsight`, one command a file. Start at `main.py`."""
