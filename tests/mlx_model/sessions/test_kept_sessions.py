"""Which conversations are kept: within their bytes, the one that was asked longest ago goes first."""

import mlx.core as mx
import pytest

from mlx_model.cache import KVCache
from mlx_model.errors import Cancelled
from mlx_model.sessions.kept_sessions import Sessions
from mlx_model.sessions.session import Mark

STEP = 2 * 256 * 4 * 4  # bytes of a layer's first room


def kept(max_bytes: int = 10**6) -> Sessions:
    return Sessions(lambda: [KVCache(), KVCache()], max_bytes)


def read(sessions: Sessions, name: str | None, marks: str) -> int:
    """Read these marks; how many were known."""
    with sessions.lent(name, [*marks]) as session:
        known = session.length
        fill(session.cache, len(marks) - known)
    return known


def fill(cache: list[KVCache], count: int) -> None:
    for layer in cache:
        layer.update(mx.ones((1, 2, count, 4)))


def held(sessions: Sessions, name: str) -> list[Mark] | None:
    session = sessions.get(name)
    return None if session is None else session.marks


def test_a_conversation_goes_on_from_what_it_held() -> None:
    sessions = kept()
    assert [read(sessions, "a", marks) for marks in ("hello", "hello there", "help", "hello", "yes")] == [0, 5, 3, 3, 0]
    assert held(sessions, "a") == ["y", "e", "s"]


def test_all_but_the_last_mark_may_be_known() -> None:
    sessions = kept()
    assert [read(sessions, "a", "hello"), read(sessions, "a", "hello")] == [0, 4]


def test_another_conversation_begins_with_the_longest_that_any_has() -> None:
    sessions = kept()
    read(sessions, "a", "hello there")
    read(sessions, "b", "help me")
    assert read(sessions, "c", "help us") == 5
    assert read(sessions, "b", "hello you") == 6
    assert (held(sessions, "a"), held(sessions, "b")) == ([*"hello there"], [*"hello you"])


def test_those_asked_longest_ago_go_first() -> None:
    sessions = kept(2 * 2 * STEP)
    for name in "abac":
        read(sessions, name, name * 3)
    assert [held(sessions, name) is not None for name in "abc"] == [True, False, True]
    assert sessions.nbytes <= sessions.max_bytes


def test_what_is_too_large_for_all_of_it_is_not_kept_and_drives_nothing_out() -> None:
    sessions = kept(2 * STEP)
    read(sessions, "a", "a")
    read(sessions, "b", "b" * 300)
    assert (held(sessions, "a"), held(sessions, "b")) == (["a"], None)


def test_what_is_forgotten_is_gone_and_what_was_never_there_too() -> None:
    sessions = kept()
    read(sessions, "a", "hello")
    sessions.forget("a")
    sessions.forget("b")
    assert (held(sessions, "a"), sessions.nbytes) == (None, 0)


def test_a_stopped_one_keeps_what_it_read() -> None:
    sessions = kept()
    with pytest.raises(Cancelled), sessions.lent("a", [*"hello"]) as session:
        fill(session.cache, 2)
        raise Cancelled("Stop.")
    assert held(sessions, "a") == ["h", "e"]


def test_a_broken_one_is_not_kept() -> None:
    sessions = kept()
    read(sessions, "a", "hello")
    with pytest.raises(MemoryError), sessions.lent("a", [*"hello you"]):
        raise MemoryError
    assert held(sessions, "a") is None
