"""The Edit menu: done by whatever text has the keys. Without one, copying and pasting mean something else."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPlainTextEdit, QTextEdit, QWidget

Keys = QKeySequence.StandardKey
TextWidget = QLineEdit | QPlainTextEdit | QTextEdit

# The method of a text widget, the title, the keys; None is a line between.
ROWS: tuple[tuple[str, str, Keys] | None, ...] = (
    ("undo", "&Undo", Keys.Undo),
    ("redo", "&Redo", Keys.Redo),
    None,
    ("cut", "Cu&t", Keys.Cut),
    ("copy", "&Copy", Keys.Copy),
    ("paste", "&Paste", Keys.Paste),
    None,
    ("selectAll", "Select &All", Keys.SelectAll),
)


def fill_edit_menu(menu: QMenu, copy: Callable[[], None], paste: Callable[[], None]) -> None:
    """`copy` and `paste` are done where no text is edited or chosen."""
    otherwise = {"copy": copy, "paste": paste}
    for row in ROWS:
        if row is None:
            menu.addSeparator()
            continue
        method, title, keys = row
        action = QAction(title, menu)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _, method=method: edit(QApplication.focusWidget(), method, otherwise))
        menu.addAction(action)


def edit(focused: QWidget | None, method: str, otherwise: dict[str, Callable[[], None]]) -> None:
    """Do it in the text that has the keys, or else what it means without one."""
    if isinstance(focused, QLabel) and focused.hasSelectedText() and method == "copy":
        QGuiApplication.clipboard().setText(focused.selectedText())
    elif isinstance(focused, TextWidget) and _can(focused, method):
        getattr(focused, method)()
    elif method in otherwise:
        otherwise[method]()


def _can(text: TextWidget, method: str) -> bool:
    if method == "copy":
        return text.hasSelectedText() if isinstance(text, QLineEdit) else text.textCursor().hasSelection()
    return method == "selectAll" or not text.isReadOnly()
