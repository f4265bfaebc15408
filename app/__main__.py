"""Where Smolsight.app begins: no command line, files come as events of the system.

The app's own program is the only Python in it, so work in a process of its own (`own_process.py`) starts it once more,
as `python -c CODE ...`: then it is that Python, and no second window.
https://github.com/beeware/briefcase-macOS-Xcode-template/issues/20
"""

import sys
from pathlib import Path


def main() -> int:
    if "-c" in sys.argv[1:]:
        return run_code(sys.argv[sys.argv.index("-c", 1) :])
    from app.desktop.application import run

    return run([Path(name) for name in sys.argv[1:] if not name.startswith("-")])


def run_code(given: list[str]) -> int:
    """What `python -c` does with the words from `-c` on."""
    _, code, *arguments = given
    sys.argv = ["-c", *arguments]
    exec(code, {"__name__": "__main__"})
    return 0


if __name__ == "__main__":
    sys.exit(main())
