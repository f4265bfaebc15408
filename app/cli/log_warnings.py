"""Shows the log records that are warnings of Smolsight's packages as lines on stderr, like everything else there.

A record with a traceback is none: what failed is said by whoever asked for it.
"""

import logging

from app.cli.stderr import say


class SayWarnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is None:
            say(f"warning: {record.getMessage()}")


def show_warnings() -> None:
    """Route warnings to stderr; a second call changes nothing."""
    for package in ("app", "convert", "mlx_model"):
        logger = logging.getLogger(package)
        if not any(isinstance(handler, SayWarnings) for handler in logger.handlers):
            logger.addHandler(SayWarnings(logging.WARNING))
            logger.propagate = False
