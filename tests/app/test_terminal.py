"""What a stranger's text may do to a terminal: nothing."""

import pytest

from app.terminal import one_line, strip_controls


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[31mred", "\x1b]0;title\x07", "a\rb", "\x9b2J", "\x00", "\x7f", "\x08\x08", "\x85", "\x1bP+q\x1b\\"],
)
def test_no_control_character_is_left(hostile: str) -> None:
    for harmless in (strip_controls(hostile), one_line(hostile)):
        assert all(char.isprintable() for char in harmless)


def test_lines_tabs_and_every_script_stay_in_an_answer() -> None:
    text = "one\n\ttwo — 港口, שלום, 👩‍🚀 é"
    assert strip_controls(text) == text


def test_a_name_stays_on_one_line_and_can_be_encoded() -> None:
    assert one_line("a\nb\tc\udcff.png") == "a?b?c?.png"
    assert one_line("\x1b[2Jx").encode() == b"?[2Jx"
