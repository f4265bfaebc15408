"""The desktop app: widgets that hold and show. Start at `application.py`; each section has a room of its own."""
