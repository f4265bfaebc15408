"""What to watch and how: the source, its size, the question, how much must change, what to be told."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.camera import SIZES, CameraDevice
from app.desktop.live.wishes import Wishes
from app.desktop.scroll_area import ScrollArea
from app.desktop.theme.icons import give_icon
from app.live.change import DEFAULT_THRESHOLD, LARGEST_THRESHOLD

WIDTH = 270
STEPS = 100
TYPING_MS = 600  # after the last key a question counts as written
# From this cosine distance on, in words.
CHANGES = (
    (0.0, "Every frame"),
    (0.001, "Any change"),
    (0.01, "Small changes"),
    (0.05, "Clear changes"),
    (0.12, "Another scene"),
)
SCREEN = "A part of the screen"
Role = QPalette.ColorRole


class Panel(ScrollArea):
    """Shows the choices and says when one has changed; starts nothing."""

    source_changed = Signal()
    cameras_wanted = Signal()
    region_wanted = Signal()
    question_changed = Signal(str)
    threshold_changed = Signal(float)

    def __init__(self, question: str, parent: QWidget | None = None) -> None:
        super().__init__("What to watch", parent)
        self.source = _choice("Source", "The camera or the screen")
        self.resolution = _choice("Resolution", "What the camera is asked for; the model sees it in one tile")
        for width, height in SIZES:
            self.resolution.addItem(f"{width} × {height}", (width, height))
        self.resolution.setCurrentIndex(1)
        self.region = _button("Choose region…", "screenshot", "Choose what part of the screen is watched")
        self.region.clicked.connect(self.region_wanted)
        self._refresh = _button("Look for cameras", "again", "List the cameras again")
        self._refresh.clicked.connect(self.cameras_wanted)
        self.question = QPlainTextEdit(question)
        self.question.setAccessibleName("Question")
        self.question.setToolTip("What the model is asked about each frame; change it at any time")
        self.question.setTabChangesFocus(True)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(lambda: self.question_changed.emit(self.question.toPlainText()))
        self.question.textChanged.connect(self._typing.start)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setAccessibleName("How much must change")
        self.threshold.setToolTip("Left: a caption for every frame. Right: for another scene alone")
        self.threshold.setRange(0, STEPS)
        self._change = _quiet("")
        self.threshold.valueChanged.connect(self._slide)
        self.wishes = Wishes()
        page = QWidget()
        page.setBackgroundRole(Role.Window)
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(6)
        for title, widgets in (
            ("Source", (self.source, self.resolution, self.region, self._refresh)),
            ("Question", (self.question,)),
            ("New caption when this much changes", (self.threshold, self._change)),
            ("Tell me when", (self.wishes,)),
        ):
            column.addWidget(_heading(title))
            for widget in widgets:
                column.addWidget(widget)
            column.addSpacing(12)
        column.addStretch(1)
        self._page = page
        self.setWidget(page)
        self.show_cameras([])
        self.source.currentIndexChanged.connect(self._choose)
        self.resolution.currentIndexChanged.connect(self.source_changed)
        self.threshold.setValue(round(DEFAULT_THRESHOLD / LARGEST_THRESHOLD * STEPS))

    def event(self, event: QEvent) -> bool:
        """As wide as larger text asks for."""
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.Polish, QEvent.Type.LayoutRequest):
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        scroll_bar = self.verticalScrollBar().sizeHint().width()
        self.setFixedWidth(max(WIDTH, self._page.minimumSizeHint().width() + scroll_bar))
        self.question.setFixedHeight(self.question.fontMetrics().lineSpacing() * 3 + 14)

    @property
    def device(self) -> CameraDevice | None:
        """The chosen camera; None for the screen."""
        device = self.source.currentData()
        return device if isinstance(device, CameraDevice) else None

    @property
    def camera_size(self) -> tuple[int, int]:
        return SIZES[self.resolution.currentIndex()]

    def show_cameras(self, devices: list[CameraDevice]) -> None:
        """Offer these and the screen; what was chosen stays chosen while it is there."""
        before = self.source.currentData() if self.source.count() > 1 else None
        self.source.blockSignals(True)
        self.source.clear()
        for device in devices:
            self.source.addItem(device.name, device)
        self.source.addItem(SCREEN, None)
        self.source.setCurrentIndex(devices.index(before) if before in devices else 0)
        self.source.blockSignals(False)
        self._show_source()

    def _choose(self) -> None:
        self._show_source()
        self.source_changed.emit()

    def _show_source(self) -> None:
        self.resolution.setVisible(self.device is not None)
        self.region.setVisible(self.device is None)

    def _slide(self, step: int) -> None:
        threshold = step / STEPS * LARGEST_THRESHOLD
        words = next(words for least, words in reversed(CHANGES) if threshold >= least)
        self._change.setText(f"{words} ({threshold:.3f})" if step else words)
        self.threshold_changed.emit(threshold)


def _choice(name: str, tip: str) -> QComboBox:
    choice = QComboBox()
    choice.setAccessibleName(name)
    choice.view().setAccessibleName(name)
    choice.setToolTip(tip)
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return choice


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = QFont(label.font())
    font.setBold(True)
    label.setFont(font)
    label.setWordWrap(True)
    return label


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setForegroundRole(Role.PlaceholderText)
    return label


def _button(title: str, icon: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setAccessibleName(title)
    button.setToolTip(tip)
    button.setMinimumHeight(30)
    give_icon(button, icon)
    return button
