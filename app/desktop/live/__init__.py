"""The Live section: a camera or a part of the screen, captioned when it changes. Start at `section.py`."""
