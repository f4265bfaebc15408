"""A window used as people use it: a screen of its own, that screen's pointer and keys, and what it shows."""
