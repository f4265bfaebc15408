"""What of a conversation goes when it outgrows the model's context: media before words, the oldest first.

The last question is never touched, nor is a system message. Knows messages and counts, no tokens.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace

from mlx_model.events import Forgot
from mlx_model.prompting.prompt import Message, Text

Messages = tuple[Message, ...]


def fitting(
    messages: Messages, count: Callable[[Messages], int], most: int, step: int
) -> tuple[Messages, Forgot | None]:
    """As much of a conversation as `most` tokens hold by `count`, and what was left out, None where nothing was.

    What goes is rounded up to whole `step` tokens, so that the beginning, and with it the KV cache, stays the same for
    the next turns. Where even the last question does not fit alone, that is what is left.
    """
    whole = count(messages)
    if whole <= most:
        return messages, None
    shorter = list(_ever_shorter(messages))
    counts = _Counts(shorter, count)
    place = bisect_left(counts, -(whole - -(-(whole - most) // step) * step))
    if place == len(shorter):
        place = min(bisect_left(counts, -most), len(shorter) - 1)
    kept = shorter[place]
    return kept, _difference(messages, kept) if place else None


class _Counts(Sequence[int]):
    """The tokens of each, negative and so ascending, counted when they are looked at."""

    def __init__(self, conversations: list[Messages], count: Callable[[Messages], int]) -> None:
        self._conversations, self._count = conversations, count

    def __len__(self) -> int:
        return len(self._conversations)

    def __getitem__(self, place: int) -> int:  # type: ignore[override]
        return -self._count(self._conversations[place])


def _ever_shorter(messages: Messages) -> list[Messages]:
    """The whole, then with one picture or clip less each time, then with one turn less, down to the last question."""
    last = max((place for place, message in enumerate(messages) if message.role == "user"), default=0)
    head = tuple(message for message in messages[:last] if message.role == "system")
    turns = _turns([message for message in messages[:last] if message.role != "system"])
    found = [messages]
    for place in range(len(turns)):
        while (shorter := _without_oldest_medium(turns[place])) != turns[place]:
            turns[place] = shorter
            found.append(_joined(head, turns, messages[last:]))
    for place, turn in enumerate(turns):
        if turn:
            turns[place] = ()
            found.append(_joined(head, turns, messages[last:]))
    return found


def _turns(messages: list[Message]) -> list[Messages]:
    """A question with what was answered to it, each."""
    turns: list[Messages] = []
    for message in messages:
        if message.role == "user" or not turns:
            turns.append(())
        turns[-1] += (message,)
    return turns


def _without_oldest_medium(turn: Messages) -> Messages:
    """A turn whose question was nothing but that has nothing left to ask, so all of it goes."""
    for place, message in enumerate(turn):
        media = [number for number, part in enumerate(message.parts) if not isinstance(part, Text)]
        if media:
            parts = tuple(part for number, part in enumerate(message.parts) if number != media[0])
            return (*turn[:place], replace(message, parts=parts), *turn[place + 1 :]) if parts else ()
    return turn


def _joined(head: Messages, turns: list[Messages], end: Messages) -> Messages:
    return (*head, *(message for turn in turns for message in turn), *end)


def _difference(before: Messages, after: Messages) -> Forgot:
    return Forgot(_media(before) - _media(after), len(before) - len(after))


def _media(messages: Messages) -> int:
    return sum(not isinstance(part, Text) for message in messages for part in message.parts)
