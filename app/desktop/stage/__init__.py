"""The stage: the picture or clip that the talk is about, looked at closely. Start at `stage.py`."""
