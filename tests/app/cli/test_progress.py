"""What a terminal shows while one waits, and that nobody else sees anything of it."""

import sys

from app.cli.progress import Progress
from tests.app.cli.processes import Ended, on_terminal

WAIT = """
import sys, time
from app.cli.progress import Progress
with Progress() as progress:
    progress.show("Loading [bold]x\\x1b[2J")
    time.sleep({seconds})
    progress.show("Looking: tile", 2, 13)
    time.sleep({seconds} / 2)
    progress.clear()
    print("rich" in sys.modules)
"""


def watch(seconds: float, **environment: str) -> Ended:
    return on_terminal(sys.executable, "-c", WAIT.format(seconds=seconds), **environment)


def test_a_long_wait_shows_the_stage_and_how_far_it_is() -> None:
    ended = watch(1.0)
    assert "Loading [bold]x?[2J" in ended.err
    assert "Looking: tile 2 of 13" in ended.err
    assert ended.err.rstrip().endswith(("\x1b[2K", "\x1b[?25h")), "the line is taken away"
    assert ended.out == "True\n"


def test_a_short_wait_shows_nothing_and_imports_nothing() -> None:
    ended = watch(0.1)
    assert (ended.err, ended.out) == ("", "False\n")


def test_no_colour_where_none_is_wanted() -> None:
    assert "\x1b[3" not in watch(1.0, NO_COLOR="1").err


def test_without_a_terminal_nobody_waits_for_a_display() -> None:
    progress = Progress()
    progress.show("Loading")
    assert progress._timer is None
