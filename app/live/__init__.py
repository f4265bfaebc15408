"""Watching a camera or a part of the screen: what is worth a caption, the log, what to tell. Knows no Qt."""
