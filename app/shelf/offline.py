"""Whether the network may be used. Offline nothing here opens a socket, nor imports the hub's library.

HF_HUB_OFFLINE is the switch, as for other programs that share the hub's cache.
"""

import os

VARIABLE = "HF_HUB_OFFLINE"


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids the network, spelled as the hub's library takes it."""
    return os.environ.get(VARIABLE, "").upper() in ("1", "ON", "YES", "TRUE")


def go_offline() -> None:
    """Stay offline from now on, in processes started from here too."""
    os.environ[VARIABLE] = "1"
