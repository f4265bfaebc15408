"""Words put where they are wanted: inside a box, as large as fits, with what labels need to know about their letters.

Screens and receipts are set with it. Knows fonts and pictures, not what the words mean.
"""

from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from tools.embedded.world.scenes import SetLine
from tools.embedded.world.words import load_font, set_line

RGB = tuple[int, int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass
class Canvas:
    """A picture being drawn, and the lines of text that were set in it."""

    picture: Image.Image
    font: str
    set_lines: list[SetLine] = field(default_factory=list)

    def box(self, box: Box, fill: RGB | None = None, edge: RGB | None = None, radius: float = 0) -> None:
        corners = tuple(round(value) for value in box)
        width = max(1, min(self.picture.size) // 128)
        ImageDraw.Draw(self.picture).rounded_rectangle(corners, radius, fill, edge, width)

    def write(self, text: str, box: Box, colour: RGB, where: str = "middle", height: float = 0) -> None:
        """Sets `text` in the box, at its left, middle or right, `height` pixels high unless that does not fit."""
        left, top, right, bottom = box
        probe = set_line(text, self.font, 40)
        tall = min(height or 0.6 * (bottom - top), 0.9 * (bottom - top))
        size = min(40 * tall / probe.height, 40 * (right - left) / max(1.0, probe.width))
        line = set_line(text, self.font, max(7, int(size)))
        slack = right - left - line.width
        x = left + {"left": 0.0, "middle": slack / 2, "right": slack}[where]
        y = (top + bottom - line.height) / 2
        face = load_font(line.font, line.size)
        ImageDraw.Draw(self.picture).text((x - line.left, y - line.top), text, colour, face)
        self.set_lines.append((line, (x, y)))
