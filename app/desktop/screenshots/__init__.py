"""Pictures of the app by itself: `smolsight app --screenshot`. Scenes are made in `scenes.py`, taken in `take.py`."""
