"""What becomes of an answer: its record, the words under it, and the files that other programs read.

`records.py` says what is known of one answer, and all else is made of that. Nothing is imported here.
"""
