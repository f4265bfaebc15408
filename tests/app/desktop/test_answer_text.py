"""Markdown as a model writes it: shown with its looks, and nothing of it is loaded from anywhere."""

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QTextTable
from pytestqt.qtbot import QtBot

from app.desktop.chat.answer_text import AnswerText
from tests.app.desktop.conftest import SAMPLES

TABLE = "- one\n\n```\ncode\n```\n\n| boat | colour |\n|---|---:|\n| Anna | red |\n"
WIDTH = 400


@pytest.fixture
def answer(qtbot: QtBot, qapp: object) -> AnswerText:
    made = AnswerText("Answer")
    qtbot.addWidget(made)
    made.resize(WIDTH, 100)
    made.show()
    return made


@pytest.mark.parametrize("address", [(SAMPLES / "scene-3.png").as_uri(), str(SAMPLES / "scene-3.png"), "https://a.b/c"])
def test_a_picture_in_an_answer_is_its_words_and_never_loaded(answer: AnswerText, address: str) -> None:
    answer.show_markdown(f"A sign: ![the sign]({address}) on ![a wall]({address}).", whole=True)
    assert answer.toPlainText() == "A sign: [the sign] on [a wall]."
    assert answer.height() < 60  # no room was made for it


def test_raw_html_is_text(answer: AnswerText) -> None:
    html = '<b>bold</b> <img src="x"> <script>alert(1)</script>'
    answer.show_markdown(html, whole=True)
    assert answer.toPlainText() == html


def test_a_long_line_of_code_is_wrapped_and_not_cut_off(answer: AnswerText) -> None:
    answer.show_markdown("```\n" + "word " * 60 + "\n" + "x" * 300 + "\n```\n", whole=True)
    assert answer.document().size().width() <= WIDTH
    assert answer.height() >= answer.document().size().height()


def test_a_table_has_its_heading_bold_and_no_empty_line_in_it(answer: AnswerText) -> None:
    answer.show_markdown(TABLE, whole=True)
    (table,) = [frame for frame in answer.document().rootFrame().childFrames() if isinstance(frame, QTextTable)]
    first = table.cellAt(0, 0)
    assert first.firstCursorPosition().block().text() == "boat"
    assert first.firstCursorPosition().block() == first.lastCursorPosition().block()
    assert table.cellAt(0, 1).firstCursorPosition().block().begin().fragment().charFormat().fontWeight() == 700


@pytest.mark.parametrize("cut", range(0, len(TABLE), 3))
def test_half_an_answer_can_be_shown(answer: AnswerText, cut: int) -> None:
    answer.show_markdown(TABLE[:cut], whole=True)
    assert answer.height() > 0


def test_links_open_for_the_web_alone(answer: AnswerText, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    for address in ("https://example.org/", Path("/etc/passwd").as_uri(), "javascript:alert(1)", "clip-time:x"):
        answer.anchorClicked.emit(QUrl(address))
    assert opened == ["https://example.org/"]
