"""A camera's frames and the screen's pixels, and who has to allow them: for every section that takes them in."""
