"""A wish in plain words is asked as a question, and told once each time that it comes true."""

import pytest

from app.live.triggers import Trigger, says_yes


@pytest.mark.parametrize(
    ("wish", "question"),
    [
        ("a dog", "Is there a dog in the picture?"),
        ("a red square.", "Is there a red square in the picture?"),
        ("the kettle boils", "Does this picture show this: the kettle boils? Answer yes or no."),
        ("a dog comes in", "Does this picture show this: a dog comes in? Answer yes or no."),
        ("Is the door open?", "Is the door open?"),
    ],
)
def test_a_wish_becomes_a_question(wish: str, question: str) -> None:
    assert Trigger(wish).question == question


@pytest.mark.parametrize(
    ("answer", "yes"),
    [("Yes.", True), (" yes, there is", True), ("**Yes**", True), ("No.", False), ("Yesterday", False), ("", False)],
)
def test_only_a_clear_yes_is_one(answer: str, yes: bool) -> None:
    assert says_yes(answer) is yes


def test_it_tells_once_and_again_after_it_was_not_so() -> None:
    trigger = Trigger("a dog")
    assert [trigger.hear(answer) for answer in ("No", "Yes", "Yes", "No", "Yes")] == [False, True, False, False, True]
