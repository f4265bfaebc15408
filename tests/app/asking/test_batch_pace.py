"""How fast it goes is said once that can be known, in the unit that suits it."""

import pytest

from app.asking.batch_pace import pace_words


@pytest.mark.parametrize(
    ("done", "seconds", "left", "words"),
    [
        (0, 5.0, 10, ""),
        (3, 0.0, 10, ""),
        (40, 10.0, 720, "4.0 a second, 3 min left"),
        (2, 10.0, 1, "12.0 a minute, 5 s left"),
        (1, 1.0, 0, "1.0 a second, 1 s left"),
        (1, 60.0, 600, "1.0 a minute, 10.0 h left"),
    ],
)
def test_the_pace_in_words(done: int, seconds: float, left: int, words: str) -> None:
    assert pace_words(done, seconds, left) == words
