"""From a request to words: looking, reading, drawing tokens. Start at `answer.py`, for many at once at `batch.py`."""
