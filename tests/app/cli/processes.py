"""Runs the command line in a process of its own, as a shell does: plain, with a terminal, or left running."""

import os
import pty
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SMOLSIGHT = (sys.executable, "-m", "app.cli.main")
PIPES: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
TIMEOUT = 60.0


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def smolsight(*arguments: str | Path, **options: Any) -> Ended:
    """Run to the end with pipes; `options` as for subprocess.run."""
    process: Any = subprocess.run(
        [*SMOLSIGHT, *map(str, arguments)],
        cwd=ROOT,
        timeout=TIMEOUT,
        **(PIPES | options),
    )
    return Ended(process.returncode, (process.stdout or b"").decode(), (process.stderr or b"").decode())


def start(*arguments: str | Path, **options: Any) -> "subprocess.Popen[bytes]":
    """Leave it running with pipes."""
    process: Any = subprocess.Popen([*SMOLSIGHT, *map(str, arguments)], cwd=ROOT, **(PIPES | options))
    return process


def on_terminal(*command: str | Path, typed: str | None = None, **environment: str) -> Ended:
    """Run `command` with stderr on a terminal of its own and stdout on a pipe; with `typed`, stdin on it as well."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=ROOT,
        stdin=subprocess.DEVNULL if typed is None else theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
    )
    os.close(theirs)
    os.write(ours, (typed or "").encode())
    shown = b""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other end is closed: the process has ended
                break
    out, _ = process.communicate(timeout=TIMEOUT)
    os.close(ours)
    return Ended(process.returncode, out.decode(), shown.decode())
