"""The app's window with the embedded checkpoint, in a process that is used through its screen alone.

    python -m tests.app.desktop.on_screen.window FOLDER

Says on stdout what becomes of it and where its parts are, one JSON object a line; hears nothing.
"""

import json
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QWidget

from app.desktop.application import begin, make_application, make_window
from app.desktop.chat.section import ChatSection
from app.desktop.place import place_in

AT = QPoint(200, 0)


def main() -> int:
    application = make_application(dark=False)
    window = make_window(place_in(Path(sys.argv[1])), "embedded")
    window.move(AT)
    begin(window)
    chat = window.section("chat")
    assert isinstance(chat, ChatSection)
    said = [""]

    def say(state: str, **values: object) -> None:
        if state != said[0]:
            said[0] = state
            sys.stdout.write(json.dumps({"state": state, **values}) + "\n")
            sys.stdout.flush()

    def look() -> None:
        turns = chat.chat.turns
        edit = chat.composer.edit
        if window.services.models.sight is None:
            return
        if turns and not turns[-1].is_open:
            say("answered", question=turns[-1].question, answer=turns[-1].answer)
        elif not turns and edit.toPlainText():
            say("typing")
        elif not turns and chat.composer.media:
            say("attached", names=[medium.name for medium in chat.composer.media], edit=middle(edit))
        elif not turns:
            size = edit.fontInfo().pixelSize()
            say("ready", window=int(window.winId()), drop=middle(chat), family=edit.fontInfo().family(), pixels=size)

    timer = QTimer(window)
    timer.timeout.connect(look)
    timer.start(30)
    return application.exec()


def middle(widget: QWidget) -> tuple[int, int]:
    """Where it is on the screen."""
    place = widget.mapToGlobal(widget.rect().center())
    return place.x(), place.y()


if __name__ == "__main__":
    sys.exit(main())
