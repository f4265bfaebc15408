"""Whether a prompt fits, and what is said when it does not."""

import pytest

from mlx_model.errors import ContextLimitError
from mlx_model.prompting.context import check_context, most_that_fit

TOKENS = {4: 9412, 3: 8192, 2: 5120, 1: 1100}


@pytest.mark.parametrize(("tokens", "left"), [(0, 8192), (874, 7318), (8191, 1)])
def test_a_prompt_that_leaves_room_tells_how_much(tokens: int, left: int) -> None:
    assert check_context(tokens, 8192) == left


def test_a_prompt_that_fills_the_context_leaves_no_room_for_a_word() -> None:
    with pytest.raises(
        ContextLimitError, match="The prompt is 8,192 tokens, the model's context 8,192 with the answer"
    ):
        check_context(8192, 8192)


def test_the_highest_detail_that_fits_is_named_with_its_tokens() -> None:
    with pytest.raises(ContextLimitError, match="is 9,412 tokens.* 8,192.*: --detail 2 would need 5,120"):
        check_context(9412, 8192, details=(3, 2, 1), count=TOKENS.__getitem__)


def test_no_more_details_are_counted_than_needed() -> None:
    asked: list[int] = []

    def count(detail: int) -> int:
        asked.append(detail)
        return TOKENS[detail]

    assert check_context(874, 8192, details=(3, 2, 1), count=count) == 7318
    assert not asked
    with pytest.raises(ContextLimitError):
        check_context(9412, 8192, details=(3, 2, 1), count=count)
    assert asked == [3, 2]


def test_where_no_detail_fits_the_lowest_is_told() -> None:
    with pytest.raises(ContextLimitError, match="even the lowest detail would need 1,100: ask about fewer pictures"):
        check_context(9412, 1000, details=(3, 2, 1), count=TOKENS.__getitem__)


def test_where_there_is_no_lower_detail_fewer_pictures_are_advised() -> None:
    with pytest.raises(ContextLimitError, match="even the lowest detail would need 9,412"):
        check_context(9412, 8192, details=(), count=TOKENS.__getitem__)


def test_words_alone_are_to_be_shortened() -> None:
    with pytest.raises(ContextLimitError, match="shorten the question, or begin a new conversation"):
        check_context(9412, 8192)


@pytest.mark.parametrize(("context", "most"), [(8192, 81), (8101, 81), (8100, 80), (201, 2), (100, 1)])
def test_the_most_frames_that_fit_are_found_by_halving(context: int, most: int) -> None:
    asked: list[int] = []

    def count(frames: int) -> int:
        asked.append(frames)
        return 100 * frames

    assert list(most_that_fit(1000, context, count)) == [most]
    assert len(asked) <= 10


def test_frames_are_advised_where_frames_are_many() -> None:
    words = "--max-frames", "a single frame"
    with pytest.raises(ContextLimitError, match="--max-frames 81 would need 8,100"):
        check_context(9999, 8192, most_that_fit(99, 8192, (100).__mul__), (100).__mul__, *words)
    with pytest.raises(ContextLimitError, match="even a single frame would need 100: ask about fewer"):
        check_context(9999, 90, most_that_fit(99, 90, (100).__mul__), (100).__mul__, *words)
