"""Whether a prompt fits the model's context, and what would make it fit. Knows counts alone."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from mlx_model.errors import ContextLimitError


def check_context(
    prompt_tokens: int,
    context: int,
    details: Iterable[int] = (),
    count: Callable[[int], int] | None = None,
    option: str = "--detail",
    lowest: str = "the lowest detail",
) -> int:
    """The tokens left for the answer, at least one; ContextLimitError where the prompt leaves none.

    `details` are the lower details to offer, the highest first; `count(detail)` gives the prompt's tokens at one of
    them. The first that fits is named in the error. Leave both out for a prompt without pictures. Where something else
    than detail can be lowered, `option` and `lowest` are its words.
    """
    if prompt_tokens < context:
        return context - prompt_tokens
    message = f"The prompt is {prompt_tokens:,} tokens, the model's context {context:,} with the answer"
    if count is None:
        raise ContextLimitError(f"{message}: shorten the question, or begin a new conversation.")
    needed = prompt_tokens
    for detail in details:
        needed = count(detail)
        if needed < context:
            raise ContextLimitError(f"{message}: {option} {detail} would need {needed:,}.")
    raise ContextLimitError(
        f"{message}, and even {lowest} would need {needed:,}: ask about fewer pictures or clips at a time, or "
        "shorten the question."
    )


def most_that_fit(below: int, context: int, count: Callable[[int], int]) -> Iterator[int]:
    """The highest number under `below` whose prompt fits, or 1; found when it is asked for, by halving."""
    yield max(bisect_left(range(1, below), context, key=count), 1)
