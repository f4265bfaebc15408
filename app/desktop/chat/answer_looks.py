"""How an answer's Markdown looks once Qt has read it: lines, code, tables. What it would load becomes its own words."""

from collections.abc import Iterator

from PySide6.QtGui import (
    QFont,
    QPalette,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)

LINE_HEIGHT = 130.0  # percent
CELL_PADDING = 6.0
Role = QPalette.ColorRole


def dress(document: QTextDocument, palette: QPalette) -> None:
    """Make the document look like the rest of the window."""
    _name_pictures(document)
    _space_lines(document)
    for block in _blocks(document):
        _mark_code(block, palette)
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _dress_table(frame, palette)


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _name_pictures(document: QTextDocument) -> None:
    """In the place of each picture its alternative text: none is loaded, from the network or from this machine."""
    while (cursor := _picture_in(document)) is not None:
        words = cursor.charFormat().property(QTextFormat.Property.ImageAltText)
        cursor.insertText(f"[{words}]", QTextCharFormat())


def _picture_in(document: QTextDocument) -> QTextCursor | None:
    """The first picture, chosen."""
    for block in _blocks(document):
        fragments = block.begin()
        while not fragments.atEnd():
            fragment = fragments.fragment()
            if fragment.charFormat().isImageFormat():
                cursor = QTextCursor(document)
                cursor.setPosition(fragment.position())
                cursor.setPosition(fragment.position() + 1, QTextCursor.MoveMode.KeepAnchor)
                return cursor
            fragments += 1
    return None


def _space_lines(document: QTextDocument) -> None:
    cursor = QTextCursor(document)
    cursor.select(QTextCursor.SelectionType.Document)
    spacing = QTextBlockFormat()
    spacing.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    spacing.setNonBreakableLines(False)  # a long line of code is wrapped, since an answer does not scroll sideways
    cursor.mergeBlockFormat(spacing)


def _mark_code(block: QTextBlock, palette: QPalette) -> None:
    ground = palette.color(Role.AlternateBase)
    if block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence):
        code = QTextBlockFormat()
        code.setBackground(ground)
        code.setLineHeight(100.0, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)  # no stripes between lines
        QTextCursor(block).mergeBlockFormat(code)
        return
    cursor, fragments = QTextCursor(block), block.begin()
    while not fragments.atEnd():
        fragment = fragments.fragment()
        if fragment.charFormat().fontFixedPitch():
            cursor.setPosition(fragment.position())
            cursor.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
            code_words = QTextCharFormat()
            code_words.setBackground(ground)
            cursor.mergeCharFormat(code_words)
        fragments += 1


def _dress_table(table: QTextTable, palette: QPalette) -> None:
    looks = table.format()
    looks.setBorder(1)
    looks.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    looks.setBorderBrush(palette.color(Role.Mid))
    looks.setBorderCollapse(True)
    looks.setCellPadding(CELL_PADDING)
    looks.setTopMargin(CELL_PADDING)
    looks.setBottomMargin(CELL_PADDING)
    looks.setWidth(QTextLength())
    table.setFormat(looks)
    heading = QTextCharFormat()
    heading.setFontWeight(QFont.Weight.Bold)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        cursor = cell.firstCursorPosition()
        # Behind a list or code Qt begins the first cell with an empty paragraph.
        if cursor.block().length() == 1 and cursor.block() != cell.lastCursorPosition().block():
            cursor.deleteChar()
        cursor = cell.firstCursorPosition()
        cursor.setPosition(cell.lastCursorPosition().position(), QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(heading)
