"""Times that an answer names become links to the frame of the clip that is shown then."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QPalette, QTextCharFormat, QTextCursor, QTextDocument

from app.asking.clip_times import times_in

SCHEME = "clip-time"


def link_times(document: QTextDocument, longest: float, palette: QPalette) -> None:
    """Make a link of every time up to `longest` seconds; what is a link already stays what it is."""
    cursor, block = QTextCursor(document), document.begin()
    while block.isValid():
        for mention in times_in(block.text(), longest):
            cursor.setPosition(block.position() + mention.start)
            cursor.setPosition(block.position() + mention.end, QTextCursor.MoveMode.KeepAnchor)
            if not cursor.charFormat().isAnchor():
                cursor.mergeCharFormat(_format(mention.seconds, palette))
        block = block.next()


def second_of(address: QUrl) -> float | None:
    """The second that a link of `link_times` names; None for any other link."""
    if address.scheme() != SCHEME:
        return None
    try:
        return float(address.path())
    except ValueError:
        return None


def _format(second: float, palette: QPalette) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setAnchor(True)
    made.setAnchorHref(f"{SCHEME}:{second}")
    made.setToolTip("Show this moment of the clip")
    made.setForeground(palette.color(QPalette.ColorRole.Link))
    made.setFontUnderline(True)
    return made
