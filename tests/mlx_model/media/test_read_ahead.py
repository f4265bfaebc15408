"""Reading ahead: same items, one ahead, errors in their turn, nothing left running."""

import threading
from collections.abc import Generator

import pytest

from mlx_model.media.read_ahead import read_ahead


def test_the_next_item_is_made_while_the_present_one_is_used_and_none_beyond() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Generator[int, None, None]:
        for number, event in enumerate(made):
            event.set()
            yield number

    for number in read_ahead(items()):
        if number < 3:
            assert made[number + 1].wait(5), "made without being asked for"
        assert not any(event.is_set() for event in made[number + 2 :])


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        raise ValueError("broken")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


def test_closing_early_closes_the_items_and_leaves_no_thread() -> None:
    before, closed = threading.active_count(), threading.Event()

    def items() -> Generator[int, None, None]:
        try:
            yield from range(100)
        finally:
            closed.set()

    ahead = read_ahead(items())
    assert next(ahead) == 0
    ahead.close()
    assert closed.is_set()
    assert threading.active_count() == before
