"""Keeps the traceback of what should not have happened, so that the user sees a sentence and a report can hold both.

One file in the platform's folder for logs, readable by its owner alone, started anew when it has grown past a megabyte.
"""

import os
import platform
import traceback
from datetime import UTC, datetime
from pathlib import Path

MAX_BYTES = 1_000_000


def log_file() -> Path:
    import platformdirs

    return platformdirs.user_log_path("smolsight", appauthor=False) / "smolsight.log"


def keep_traceback(error: BaseException) -> Path | None:
    """Append the traceback to the log; the log's path, or None where it could not be written."""
    path = log_file()
    head = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, Python {platform.python_version()}, {platform.platform()}\n"
    text = head + "".join(traceback.format_exception(error)) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        grown = path.exists() and path.stat().st_size > MAX_BYTES
        mode = os.O_CREAT | os.O_WRONLY | (os.O_TRUNC if grown else os.O_APPEND)
        with os.fdopen(os.open(path, mode, 0o600), "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return None
    return path
