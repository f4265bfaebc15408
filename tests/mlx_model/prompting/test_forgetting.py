"""A conversation that outgrows the context: media before words, the oldest first, and never silently."""

from dataclasses import replace

import pytest

from mlx_model.errors import ContextLimitError
from mlx_model.events import Forgot, Planned
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.forgetting import Messages, fitting
from mlx_model.prompting.prompt import Message, Text
from tests.mlx_model.asking import listen, noise
from tests.mlx_model.talking import Talk, sessions

PICTURE = noise(8, 8)


def question(words: str, pictures: int = 0) -> Message:
    return Message("user", (*(PICTURE,) * pictures, *((Text(words),) if words else ())))


def answer(words: str) -> Message:
    return Message("assistant", (Text(words),))


def count(messages: Messages) -> int:
    """A hundred for a picture, one for a letter."""
    parts = [part for message in messages for part in message.parts]
    return sum(len(part.text) if isinstance(part, Text) else 100 for part in parts)


def shown(messages: Messages) -> list[str]:
    """Each message as its words, with a star for each picture."""
    return ["".join(part.text if isinstance(part, Text) else "*" for part in m.parts) for m in messages]


TALK = (
    Message("system", (Text("s"),)),
    question("aa", 2),
    answer("bb"),
    question("cc", 1),
    answer("dd"),
    question("ee", 1),
)


@pytest.mark.parametrize(
    ("most", "left", "forgot"),
    [
        (411, ["s", "**aa", "bb", "*cc", "dd", "*ee"], None),
        (410, ["s", "*aa", "bb", "*cc", "dd", "*ee"], Forgot(1, 0)),
        (211, ["s", "aa", "bb", "*cc", "dd", "*ee"], Forgot(2, 0)),
        (111, ["s", "aa", "bb", "cc", "dd", "*ee"], Forgot(3, 0)),
        (110, ["s", "cc", "dd", "*ee"], Forgot(3, 2)),
        (103, ["s", "*ee"], Forgot(3, 4)),
        (5, ["s", "*ee"], Forgot(3, 4)),
    ],
)
def test_the_oldest_goes_first_and_media_before_words(most: int, left: list[str], forgot: Forgot | None) -> None:
    kept, left_out = fitting(TALK, count, most, 1)
    assert (shown(kept), left_out) == (left, forgot)


def test_what_goes_is_rounded_up_so_that_the_next_turns_begin_alike() -> None:
    turns = [message for n in range(40) for message in (question(f"{n:10}"), answer(f"{n:10}"))]
    starts = []
    for end in range(20, 40):
        kept, _ = fitting((*turns[: 2 * end], question("?")), count, 400, 100)
        assert count(kept) <= 400
        starts.append(shown(kept)[0])
    assert len(set(starts)) <= 6


def test_a_turn_that_was_pictures_alone_goes_as_a_whole() -> None:
    messages = (question("", 1), answer("aa"), question("bb"))
    assert fitting(messages, count, 10, 1) == (messages[2:], Forgot(1, 2))


def test_a_question_alone_is_never_shortened() -> None:
    messages = (question("aa", 3),)
    assert fitting(messages, count, 10, 1) == (messages, None)


@pytest.fixture
def narrow(seeing: Checkpoint) -> Checkpoint:
    """The small SmolVLM with a context of 160 tokens."""
    config = replace(seeing.config, text=replace(seeing.config.text, max_position_embeddings=160))
    return replace(seeing, config=config)


def test_a_conversation_that_outgrows_the_context_says_what_it_forgot(narrow: Checkpoint) -> None:
    talk = Talk(narrow, sessions(narrow))
    first = talk.say(noise(seed=1), Text("What is this?"))
    assert (first.of(Forgot), first.answer.forgot) == ([], None)
    heard = [talk.say(Text(f"And {n}?")) for n in range(6)]
    last = heard[-1]
    (forgot,) = last.of(Forgot)
    assert last.answer.forgot == forgot and forgot.media == 1
    assert last.events.index(forgot) < last.events.index(last.of(Planned)[0])
    assert last.answer.plans == ()
    assert all(one.answer.prompt_tokens < 160 for one in heard)


def test_what_was_forgotten_is_as_if_it_had_never_been_said(narrow: Checkpoint) -> None:
    talk = Talk(narrow, sessions(narrow))
    for n in range(8):
        heard = talk.say(Text(f"Question {n}, which is a long one?"))
    forgot = heard.answer.forgot
    assert forgot is not None and forgot.messages
    talk.messages = talk.messages[forgot.messages : -1]
    assert talk.afresh().answer.text == heard.answer.text


def test_a_last_question_that_does_not_fit_fails_with_what_would(narrow: Checkpoint) -> None:
    talk = Talk(narrow, sessions(narrow), options={"detail": "high", "max_tokens": 8})
    talk.messages = [question("aa"), answer("bb")]
    with pytest.raises(ContextLimitError, match="--detail"):
        talk.say(noise(512, 512), Text("What is this?"))


def test_without_a_conversation_nothing_is_left_out(narrow: Checkpoint) -> None:
    talk = Talk(narrow, sessions(narrow))
    talk.messages = [question("a long question, " * 4), answer("bb"), question("another long question, " * 4)]
    with pytest.raises(ContextLimitError):
        listen(narrow, talk.request)
