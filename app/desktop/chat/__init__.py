"""The Chat section: pictures and clips above, questions and answers below. Start at `section.py`."""
