"""The Folder section: a grid of pictures with a caption under each, described together. Start at `section.py`."""
