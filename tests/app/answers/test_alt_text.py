"""Alt text: what a screen reader should say in place of a picture."""

import pytest

from app.answers.alt_text import as_alt_text

LONG = "A red boat lies in the harbour. " + "Behind it stand houses of many colours on a hill. " * 4


@pytest.mark.parametrize(
    ("answer", "alt"),
    [
        ("The image shows a red boat.", "A red boat."),
        ("This image depicts two dogs.", "Two dogs."),
        ("In this picture, we can see a dog.", "A dog."),
        ("A photo of a cat", "A cat"),
        ("The image: a boat", "A boat"),
        ("A red boat.\n\nIt is small.", "A red boat. It is small."),
        ("A picture frame on a wall.", "A picture frame on a wall."),
        ("The image shows ", "The image shows"),
        ("", ""),
    ],
)
def test_the_opening_goes_and_lines_become_one(answer: str, alt: str) -> None:
    assert as_alt_text(answer, 125) == alt


def test_too_long_an_answer_ends_with_a_whole_sentence() -> None:
    alt = as_alt_text(LONG, 125)
    assert alt == "A red boat lies in the harbour. Behind it stand houses of many colours on a hill."


def test_an_abbreviation_is_not_taken_for_the_end_of_a_sentence() -> None:
    alt = as_alt_text("Mr. Brown walks " + "slowly " * 30, 40)
    assert alt.startswith("Mr. Brown walks slowly")


def test_too_long_a_sentence_ends_at_a_word() -> None:
    alt = as_alt_text("words, " * 40, 125)
    assert alt.endswith("words…")
    assert len(alt) <= 125


@pytest.mark.parametrize("limit", [10, 40, 125])
@pytest.mark.parametrize("answer", [LONG, "x" * 300, "word " * 80, "a, " * 100, "港" * 200, "One. " * 60])
def test_the_limit_holds(answer: str, limit: int) -> None:
    alt = as_alt_text(answer, limit)
    assert 0 < len(alt) <= limit
    assert alt == alt.strip()
