"""What a row of the list of models says and offers, in words. Knows no widget and asks no network."""

import shutil
from pathlib import Path

from app.machine import total_memory
from app.shelf.catalogue import Known, catalogue
from app.shelf.finding import models_folder
from app.shelf.hub_cache import cache_folder
from app.shelf.inventory import Entry
from app.sizes import in_words

COMFORTABLE = 0.5  # share of the machine's memory that a suggested model may need
PLACES = {"embedded": "part of Smolsight", "shelf": "converted", "hub cache": "downloaded", "catalogue": ""}


def title(entry: Entry) -> str:
    return "Embedded" if entry.place == "embedded" else entry.name.rpartition("/")[2]


def facts(entry: Entry) -> str:
    """Size, bits, memory, revision and purpose, as far as they are known."""
    known = entry.known
    size = in_words(entry.nbytes) if entry.nbytes is not None else "size known once the hub is asked"
    found = [
        known.about if known else "a taste of what it does" if entry.place == "embedded" else "",
        "download was interrupted" if entry.is_begun else PLACES[entry.place],
        f"{size} of weights" if entry.place == "catalogue" and entry.nbytes is not None else size,
        f"{entry.bits} bits" if entry.bits else "",
        _memory(known),
        f"revision {revision[:7]}" if (revision := _revision(entry)) else "",
    ]
    return " · ".join(filter(None, found))


def is_too_large(entry: Entry) -> bool:
    """Whether one picture takes more memory than the machine has."""
    return bool(entry.known and entry.known.memory_bytes and entry.known.memory_bytes > total_memory())


def cost(known: Known) -> str:
    """What a download takes, as far as it is known: "1.01 GB, needs 1.20 GB of memory"."""
    size = in_words(known.download_bytes) if known.download_bytes else ""
    memory = f"needs {in_words(known.memory_bytes)} of memory" if known.memory_bytes else ""
    return ", ".join(filter(None, (size, memory)))


def suggested() -> Known | None:
    """The most able model for pictures that this machine has ample memory for."""
    room = COMFORTABLE * total_memory()
    fitting = (
        known
        for known in catalogue()
        if known.purpose == "pictures" and known.download_bytes and known.memory_bytes and known.memory_bytes <= room
    )
    return next(fitting, None)


def disk_words() -> str:
    """How much room is left where models go."""
    places = {"downloads": cache_folder(), "converted models": models_folder()}
    free = {what: in_words(_free(place)) for what, place in places.items()}
    if len(set(free.values())) == 1:
        return f"{free['downloads']} free"
    return " · ".join(f"{size} free for {what}" for what, size in free.items())


def _free(place: Path) -> int:
    there = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _memory(known: Known | None) -> str:
    if known is None or not known.memory_bytes:
        return ""
    return f"needs {in_words(known.memory_bytes)} of this machine's {in_words(total_memory())} memory"


def _revision(entry: Entry) -> str | None:
    if entry.place == "hub cache" and entry.folder:
        return entry.folder.name
    return entry.known.revision if entry.known else None
