"""The pictures of a question: in the user's order, taken away one by one, all of them reachable."""

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QApplication, QLabel

from app.desktop.chat.thumbnail import SIDE, Thumbnail
from tests.app.desktop.conftest import SAMPLES, Desk

PICTURES = sorted(SAMPLES.glob("*.png"))
CONTROL = Qt.KeyboardModifier.ControlModifier


def names(desk: Desk) -> list[str]:
    return [medium.name[6] for medium in desk.chat.composer.media]


def thumbnails(desk: Desk) -> list[Thumbnail]:
    row = desk.chat.composer.attachments
    return sorted((t for t in row.findChildren(Thumbnail) if t.isVisible()), key=lambda thumbnail: thumbnail.x())


def test_keys_move_a_picture_and_take_it_away_and_go_on_with_its_neighbour(desk: Desk) -> None:
    desk.attach(*PICTURES[:3])
    first = thumbnails(desk)[0]
    first.setFocus()
    desk.qtbot.keyClick(first, Qt.Key.Key_Right, CONTROL)
    assert names(desk) == ["2", "1", "3"]
    assert first.hasFocus()
    desk.qtbot.keyClick(first, Qt.Key.Key_Delete)
    assert names(desk) == ["2", "3"]
    for left in ("2", ""):
        focused = QApplication.focusWidget()
        assert isinstance(focused, Thumbnail)
        desk.qtbot.keyClick(focused, Qt.Key.Key_Backspace)
        assert names(desk) == list(left)
    assert desk.chat.composer.edit.hasFocus()


def test_a_picture_is_dragged_to_another_place(desk: Desk) -> None:
    desk.attach(*PICTURES[:3])
    first = thumbnails(desk)[0]
    desk.qtbot.mousePress(first, Qt.MouseButton.LeftButton, pos=QPoint(10, 30))
    for x in (30, 80, 150):
        desk.qtbot.mouseMove(first, first.mapFromParent(QPoint(x, 30)))
    desk.qtbot.mouseRelease(first, Qt.MouseButton.LeftButton, pos=first.mapFromParent(QPoint(150, 30)))
    assert names(desk) == ["2", "3", "1"]


def test_twenty_pictures_make_the_window_no_wider_and_the_last_is_in_sight(desk: Desk) -> None:
    desk.window.resize(900, 600)
    desk.attach(*PICTURES * 4)
    assert desk.window.width() == 900
    assert desk.window.minimumSizeHint().width() <= 900
    row, last = desk.chat.composer.attachments, thumbnails(desk)[-1]
    desk.qtbot.waitUntil(lambda: 0 <= last.mapTo(row, QPoint(0, 0)).x() <= row.width() - SIDE)
    desk.ask("What are they?")
    assert desk.window.minimumSizeHint().width() <= 900
    shown = [label for label in desk.chat.transcript.findChildren(QLabel) if label.accessibleName().startswith("Shown")]
    assert len(shown) == 20


def test_what_is_dropped_on_the_question_is_for_the_section_and_text_for_the_question(desk: Desk) -> None:
    edit = desk.chat.composer.edit
    offered, words = QMimeData(), QMimeData()
    offered.setUrls([QUrl("https://example.org/cat.png")])
    words.setText("Which one?")
    for mime, is_for_question in ((offered, False), (words, True)):
        event = QDragEnterEvent(
            QPointF(5, 5).toPoint(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
        )
        event.setAccepted(False)
        edit.dragEnterEvent(event)
        assert event.isAccepted() is is_for_question
