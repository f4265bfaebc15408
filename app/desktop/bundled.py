"""Where Smolsight.app begins: no command line, files come as events of the system."""

import sys
from pathlib import Path


def main() -> int:
    from app.desktop.application import run

    return run([Path(name) for name in sys.argv[1:] if not name.startswith("-")])


if __name__ == "__main__":
    sys.exit(main())
