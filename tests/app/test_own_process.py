"""Work elsewhere: results and failures come back, nothing else does."""

import os
import signal
import sys
import threading
import time

import pytest

from app.own_process import ProcessError, in_own_process
from mlx_model.errors import CheckpointError


def double(number: int) -> tuple[int, int]:
    return 2 * number, os.getpid()


def speak(words: str) -> str:
    print(words)
    print(words, file=sys.stderr)
    return words


def refuse(file: str) -> None:
    raise CheckpointError(f"{file} is damaged.")


class Strange(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def fail(_: object) -> None:
    raise Strange(1, 2)


def vanish(_: object) -> None:
    os._exit(7)


def linger(seconds: float) -> None:
    time.sleep(seconds)


def test_the_result_comes_back_from_another_process() -> None:
    doubled, process = in_own_process("It", double, 21)
    assert doubled == 42
    assert process != os.getpid()


def test_what_is_printed_there_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    assert in_own_process("It", speak, "hello") == "hello"
    assert capfd.readouterr() == ("", "")


def test_an_error_of_ours_is_raised_as_it_is() -> None:
    with pytest.raises(CheckpointError, match="config.json is damaged"):
        in_own_process("It", refuse, "config.json")


def test_a_strangers_exception_comes_back_in_words() -> None:
    with pytest.raises(ProcessError, match="mlx-vlm failed: Strange: 1 and 2"):
        in_own_process("mlx-vlm", fail, None)


def test_a_process_that_dies_is_told_of() -> None:
    with pytest.raises(ProcessError, match=r"mlx-vlm ended before its work was done \(exit code 7\)"):
        in_own_process("mlx-vlm", vanish, None)


def test_an_interruption_ends_the_other_process_too() -> None:
    interrupt = threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGINT])
    interrupt.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        in_own_process("It", linger, 60.0)
    assert time.monotonic() - begin < 20
