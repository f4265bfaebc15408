"""How large the window's text is, in percent of the platform's own: for every widget there is, and those to come."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

OWN_SIZE = "smolsight-own-points"  # a property of the application: the platform's size, before any choice


def sized(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    """A font so much larger or smaller than another."""
    made = QFont(font)
    made.setPointSizeF(font.pointSizeF() * factor)
    if bold:
        made.setBold(True)
    return made


def scale_text(application: QApplication, percent: int) -> None:
    """Widgets with a font of their own keep their proportion to the rest."""
    font = QFont(application.font())
    if application.property(OWN_SIZE) is None:
        application.setProperty(OWN_SIZE, font.pointSizeF())
    points = application.property(OWN_SIZE) * percent / 100
    if points == font.pointSizeF():
        return
    ratio = points / font.pointSizeF()
    own = [widget for widget in application.allWidgets() if widget.testAttribute(Qt.WidgetAttribute.WA_SetFont)]
    sizes = [widget.font().pointSizeF() * ratio for widget in own]
    font.setPointSizeF(points)
    application.setFont(font)
    application.setStyleSheet(application.styleSheet())  # else what the sheet has styled keeps its old font
    for widget, size in zip(own, sizes, strict=True):
        kept = QFont(widget.font())
        kept.setPointSizeF(size)
        widget.setFont(kept)
