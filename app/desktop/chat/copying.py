"""The forms in which an answer is copied."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QTextDocument

from app.answers.alt_text import alt_attribute


@dataclass(frozen=True)
class Form:
    title: str
    make: Callable[[str], str]


def as_plain(markdown: str) -> str:
    """The words without their marks."""
    document = QTextDocument()
    document.setMarkdown(markdown, QTextDocument.MarkdownFeature.MarkdownNoHTML)
    return document.toPlainText().strip()


def _as_attribute(markdown: str) -> str:
    return alt_attribute(as_plain(markdown))


FORMS = {
    "text": Form("Copy Text", as_plain),
    "markdown": Form("Copy Markdown", str),
    "alt": Form('Copy as alt="…"', _as_attribute),
}
