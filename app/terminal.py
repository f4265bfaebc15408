"""What may reach a terminal: text without the characters that steer it.

A model's words and a file's name are a stranger's: escape sequences in them could recolour, retitle or rewrite the
screen. Control characters of Unicode's class Cc go, except line feed and tab. Knows nothing of colours.
"""

_CONTROLS = [code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"]
_DROP = dict.fromkeys(_CONTROLS)
_MARK = {**dict.fromkeys([*_CONTROLS, ord("\n"), ord("\t")], "?"), **dict.fromkeys(range(0xD800, 0xE000), "?")}


def strip_controls(text: str) -> str:
    """Text of several lines without control characters."""
    return text.translate(_DROP)


def one_line(text: str) -> str:
    """A name or a message on one line: whatever is no printable character of it shows as a question mark."""
    return text.translate(_MARK)
