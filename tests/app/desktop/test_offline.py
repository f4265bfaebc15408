"""With the switch "Stay offline" on, a whole visit to the window opens no socket, in Python or below it."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.application import begin, make_engine, make_window
from app.desktop.models.section import ModelsSection
from app.desktop.place import place_in
from app.desktop.settings.dialog import show_settings
from app.settings import Settings
from app.shelf.catalogue import catalogue
from app.shelf.offline import go_online, is_offline
from tests.app.desktop.conftest import SAMPLES, Desk

TABLES = [Path("/proc/self/net") / kind for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6")]
_opened: list[str] | None = None  # while somebody listens


@cache
def listen() -> None:
    """For good: an audit hook cannot be taken away."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    """Nothing in Python gets past an audit hook.

    https://docs.python.org/3/library/audit_events.html
    """
    if _opened is not None and event.startswith("socket."):
        _opened.append(f"{event}{arguments!r}")


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """What was done with sockets since."""
    global _opened
    listen()
    _opened = []
    yield _opened
    _opened = None
    go_online()


def internet_sockets() -> set[str]:
    """The numbers of those that this process has, whoever opened them."""
    ours = {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    listed = {line.split()[9] for table in TABLES for line in table.read_text().splitlines()[1:]}
    return {number for number in listed if f"socket:[{number}]" in ours}


def test_offline_nothing_that_is_done_in_the_window_opens_a_socket(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    place = place_in(tmp_path / "place")
    Settings(place.settings).put("offline", True)
    before = internet_sockets() if sys.platform == "linux" else set()
    window = make_window(place, "embedded", make_engine)
    qtbot.addWidget(window)
    begin(window)
    try:
        assert is_offline()
        desk = Desk(qtbot, window)
        desk.attach(SAMPLES / "scene-2.png")
        desk.chat.ask_task("caption")
        qtbot.waitUntil(lambda: desk.chat.chat.turns[0].state == "done", timeout=60_000)
        assert desk.chat.chat.turns[0].answer
        wanted = catalogue()[0].hub_id
        desk.chat.empty.model_wanted.emit(wanted)
        models = window.section("models")
        assert isinstance(models, ModelsSection) and window.shown is models
        qtbot.waitUntil(
            lambda: wanted in models.cards and "forbids" in models.cards[wanted].note.text(), timeout=10_000
        )
        assert not models.cards[wanted].buttons["download"].isEnabled()
        for name in ("live", "folder"):
            window.show_section(name)
        show_settings(window).close()
        if sys.platform == "linux":
            assert internet_sockets() == before
    finally:
        window.close()
    assert opened == []


def test_a_socket_would_be_noticed(opened: list[str]) -> None:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        if sys.platform == "linux":
            assert len(internet_sockets()) >= 1
    assert len(opened) >= 2
