"""How wide the talk is at most: about 90 characters a line, for questions, answers and the composer alike."""

COLUMN = 800  # pixels
