"""The picture or clip that the talk is about, over a line with its size, what the model sees of it and what that costs.

Of a clip it shows one frame, and below it the timeline.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.asking.clip_times import Span
from app.desktop.elided_label import ElidedLabel
from app.desktop.model_choice import Sight
from app.desktop.shown_medium import ShownMedium
from app.desktop.stage.cost import Cost, cost_of
from app.desktop.stage.film import Film, FilmFrame
from app.desktop.stage.picture_view import Hand, PictureView
from app.desktop.stage.seen import nearest, seen_times, shown_times
from app.desktop.stage.timeline import Timeline
from app.desktop.theme.icons import give_icon
from app.pace import Pace

if TYPE_CHECKING:
    from mlx_model.config import ImageConfig
    from mlx_model.media.images import Detail
    from mlx_model.media.video import Clip

Role = QPalette.ColorRole


class Stage(QWidget):
    """Shows one medium. What the user wants of it is said, and done elsewhere.

    `crop_wanted`: ask about a part of a picture, 0 to 1 on both axes. `part_wanted`: ask about a part of a clip; the
    clip as it was, and with that part. `failed`: a sentence.
    """

    crop_wanted = Signal(object, QRectF)
    part_wanted = Signal(object, object)
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(Role.Window)
        self.medium: ShownMedium | None = None
        self._detail: Detail = "auto"
        self._sight: Sight | None = None
        self._pace = Pace()
        self.view = PictureView()
        self.view.cut.connect(self._crop)
        self.film = Film(self)
        self.film.frame_came.connect(self._take_frame)
        self.film.failed.connect(self.failed)
        self.timeline = Timeline()
        self.timeline.looked_at.connect(self.show_time)
        self.timeline.span_changed.connect(self._choose_part)
        self._caption = ElidedLabel()
        self._caption.setAccessibleName("Size and tiles")
        self._caption.setForegroundRole(Role.PlaceholderText)
        self.grid = self._tool("grid", "Show the tiles that the model sees", checkable=True)
        self.grid.setChecked(True)
        self.grid.toggled.connect(lambda: self._show_cost())
        self.crop = self._tool("crop", "Ask about a part: drag a rectangle", checkable=True)
        self.crop.toggled.connect(lambda on: self.view.take_hand(Hand.CUTS if on else Hand.PANS))
        self._of_pictures = (self.crop, self.grid)
        self._of_clips = (
            self._tool("span-start", "Ask about the clip from this frame on (I)", self.timeline.start_here),
            self._tool("span-end", "Ask about the clip up to this frame (O)", self.timeline.end_here),
            self._tool("span-whole", "Ask about the whole clip (Backspace)", self.timeline.take_whole),
        )
        zooms = (
            self._tool("zoom-out", "Zoom out", self.view.zoom_out),
            self._tool("zoom-in", "Zoom in", self.view.zoom_in),
            self._tool("fit", "Fit", self.view.fit),
        )
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 4, 12, 6)
        bar.setSpacing(2)
        bar.addWidget(self._caption, 1)
        for tool in (*self._of_pictures, *self._of_clips, *zooms):
            bar.addWidget(tool)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addWidget(self.timeline)
        column.addLayout(bar)

    def show_medium(self, medium: ShownMedium | None) -> None:
        if medium is self.medium:
            return
        before, self.medium = self.medium, medium
        self.crop.setChecked(False)
        is_clip = medium is not None and medium.is_clip
        self.timeline.setVisible(is_clip)
        for tools, shown in ((self._of_pictures, not is_clip), (self._of_clips, is_clip)):
            for tool in tools:
                tool.setVisible(shown)
        if not is_clip:
            self.film.stop()
        if medium is not None and not _same_clip(before, medium):
            self.view.setAccessibleName(f"{'Clip' if is_clip else 'Picture'}: {medium.name}")
            self.view.show_image(medium.picture)
            self.timeline.show_current(medium.span.start if medium.span else 0.0)
        self._show_clip()
        self._show_cost()

    def show_detail(self, detail: "Detail", sight: Sight | None, pace: Pace) -> None:
        """What the model would see of it, and how long that would take."""
        is_other = sight != self._sight
        self._detail, self._sight, self._pace = detail, sight, pace
        if is_other:
            self._show_clip()
        self._show_cost()

    def show_time(self, second: float) -> None:
        """Show the frame of a clip that is on the screen then, as soon as it has been read."""
        if self.medium is None or (clip := _clip(self.medium)) is None:
            return
        within = self.medium.span is not None and self.medium.span.start <= second <= self.medium.span.end
        found = nearest((seen_times if within else shown_times)(clip, self._images), second)
        self.timeline.show_current(second if found is None else found)
        if (frame := self.film.frames.get(self.timeline.current)) is not None:
            self.view.show_image(frame.picture)
        self._show_cost()

    def close_down(self) -> None:
        self.film.close()

    @property
    def _images(self) -> "ImageConfig | None":
        return self._sight.images if self._sight else None

    def _show_clip(self) -> None:
        """The timeline of a clip, its frames as they come."""
        if self.medium is None or (clip := _clip(self.medium)) is None or self.medium.span is None:
            return
        self.film.show(clip, shown_times(clip, self._images))
        self.timeline.setAccessibleName(f"Timeline of {self.medium.name}")
        self.timeline.show_clip(self.medium.span, seen_times(clip, self._images), self.film.frames)
        self.show_time(self.timeline.current)

    def _take_frame(self, frame: FilmFrame) -> None:
        self.timeline.update()
        if frame.second == self.timeline.current:
            self.view.show_image(frame.picture)

    def _choose_part(self, span: Span, is_done: bool) -> None:
        """While a bracket is dragged, what would be seen; when it is let go of, another part is asked about."""
        assert self.medium is not None, "a clip is shown"
        part = self.medium.within(span)
        if not is_done:
            clip = _clip(part)
            assert clip is not None, "a part of a clip is one"
            self.timeline.show_clip(span, seen_times(clip, self._images), self.film.frames)
            self._show_cost(part)
            return
        first = nearest(sorted(self.film.frames), span.start)
        if first is not None:
            part = self.medium.within(span, self.film.frames[first].picture)
        self.part_wanted.emit(self.medium, part)

    def _show_cost(self, medium: ShownMedium | None = None) -> None:
        medium = medium or self.medium
        if medium is None:
            self._caption.clear()
            return
        cost = cost_of(medium, self._detail, self._sight) or Cost(0, 0, 0, 0)
        self.view.show_tiles(*((cost.rows, cost.cols) if self.grid.isChecked() else (0, 0)))
        # What matters most comes first, since the end is cut off where there is no room.
        if medium.span is not None:
            parts = [self.timeline.words, medium.span.words, cost.words, self._wait(cost), medium.name]
        else:
            size = f"{medium.picture.width():,} × {medium.picture.height():,}"
            parts = [medium.name, size, cost.words, self._wait(cost)]
        self._caption.setText("  ·  ".join(filter(None, parts)))

    def _wait(self, cost: Cost) -> str:
        seconds = self._pace.predict(cost.tiles, cost.tokens) if cost.tiles else None
        return "" if seconds is None else f"about {seconds:.1f} s to look"

    def _crop(self, part: QRectF) -> None:
        self.crop.setChecked(False)
        self.crop_wanted.emit(self.medium, part)

    def _tool(self, name: str, title: str, pressed: object = None, *, checkable: bool = False) -> QToolButton:
        tool = QToolButton()
        tool.setAutoRaise(True)
        tool.setCheckable(checkable)
        tool.setIconSize(QSize(18, 18))
        tool.setAccessibleName(title)
        tool.setToolTip(title)
        tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if pressed is not None:
            tool.clicked.connect(pressed)
        give_icon(tool, name)
        return tool


def _clip(medium: ShownMedium) -> "Clip | None":
    from mlx_model.media.video import Clip

    return medium.part if isinstance(medium.part, Clip) else None


def _same_clip(one: ShownMedium | None, other: ShownMedium) -> bool:
    """Whether they are parts of one file."""
    if one is None or (first := _clip(one)) is None or (second := _clip(other)) is None:
        return False
    return first.identity == second.identity
