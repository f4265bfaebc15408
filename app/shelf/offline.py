"""Whether the network may be used. Offline nothing here opens a socket, nor imports the hub's library.

HF_HUB_OFFLINE is the switch, as for other programs that share the hub's cache.
"""

import os

VARIABLE = "HF_HUB_OFFLINE"
_replaced: list[str | None] = []  # what it was before `go_offline`, until `go_online`


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids the network, spelled as the hub's library takes it."""
    return os.environ.get(VARIABLE, "").upper() in ("1", "ON", "YES", "TRUE")


def go_offline() -> None:
    """Stay offline from now on, in processes started from here too. A download under way ends at its next report."""
    if not _replaced:
        _replaced.append(os.environ.get(VARIABLE))
    os.environ[VARIABLE] = "1"


def go_online() -> None:
    """Take `go_offline` back: what held before holds again."""
    if not _replaced:
        return
    if (before := _replaced.pop()) is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before
