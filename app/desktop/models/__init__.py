"""The Models section: what is here, what can be had, and what is being done with it."""
