"""Text that wraps in whatever width there is and is taken for no markup."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from app.desktop.theme.text_size import sized


def plain_label(name: str, factor: float) -> QLabel:
    """In the window's own font times a factor."""
    label = QLabel()
    label.setAccessibleName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    label.setFont(sized(label.font(), factor))
    return label
