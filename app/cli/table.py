"""A table of plain text for stdout: columns in line, nothing wrapped, nothing coloured, safe for a terminal."""

from collections.abc import Sequence

from app.terminal import one_line

GAP = "  "


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of as many cells each, the first one being the heading; every line ends with a line feed."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    lines = [GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in clean]
    return "".join(line.rstrip() + "\n" for line in lines)
