"""Whether a prompt fits the model's context, and what would make it fit. Knows counts alone."""

from collections.abc import Callable, Iterable

from mlx_model.errors import ContextLimitError


def check_context(
    prompt_tokens: int, context: int, details: Iterable[int] = (), count: Callable[[int], int] | None = None
) -> int:
    """The tokens left for the answer, at least one; ContextLimitError where the prompt leaves none.

    `details` are the lower details to offer, the highest first; `count(detail)` gives the prompt's tokens at one of
    them. The first that fits is named in the error. Leave both out for a prompt without pictures.
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
            raise ContextLimitError(f"{message}: --detail {detail} would need {needed:,}.")
    raise ContextLimitError(
        f"{message}, and even the lowest detail would need {needed:,}: ask about fewer pictures at a time, or shorten "
        "the question."
    )
