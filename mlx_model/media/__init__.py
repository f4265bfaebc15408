"""Pictures and clips: a file becomes tiles or timed frames. Start at `images.py` and `video.py`."""
