"""Checkpoints from the Hugging Face hub, into the hub's own cache, where other programs find them too.

What the network does wrong becomes one sentence; what has arrived stays, and the next download goes on from there.
Knows no terminal: progress is numbers. https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from app.shelf.checksums import checksum
from app.shelf.finding import find_downloaded
from app.shelf.hub_cache import cache_folder, repository_folder
from app.shelf.hub_errors import offline_sentence, sentence
from app.shelf.listing import Listing, RemoteFile, ask_listing, endpoint
from app.shelf.offline import is_offline
from app.shelf.transfer import fetch
from mlx_model.errors import DownloadError

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

ORPHAN_AGE = 24 * 3600.0  # seconds since somebody last wrote to a part


def look_up(hub_id: str, look: Callable[[], None] = lambda: None) -> Listing:
    """What `download` would fetch and how much of it is here, by the hub's listing alone. Raises DownloadError."""
    if is_offline():
        raise DownloadError(offline_sentence(hub_id))
    with _in_sentences(hub_id):
        return ask_listing(hub_id, look)


def download_size(hub_id: str) -> int:
    """Bytes of the files that make up the checkpoint, here or not. Raises DownloadError."""
    return look_up(hub_id).nbytes


def download(hub_id: str, progress: Progress = lambda done, total: None, *, again: bool = False) -> Path:
    """The folder of the repository's snapshot, after fetching what of it is not here yet.

    `progress(bytes here, bytes in all)`, (0, 0) while the hub is asked again for its listing; what it raises stops the
    download, and what has arrived is kept for the next one. `again`: every file that is here is checked first, and
    fetched anew where its bytes are wrong. When the hub cannot be asked, a complete snapshot that is here already will
    do. Raises DownloadError.
    """
    try:
        listing = look_up(hub_id, lambda: progress(0, 0))
    except DownloadError:
        if (snapshot := find_downloaded(hub_id)) is None or again:
            raise
        if not is_offline():
            log.warning("The hub could not be asked about %s; the copy in its cache is used.", hub_id)
        return snapshot
    if again:
        _drop_broken(listing)
    check_space(listing)
    with _in_sentences(hub_id):
        _fetch_all(listing, partial(_while_online, hub_id, progress))
        _sweep(listing)
    return listing.snapshot


def check_space(listing: Listing) -> None:
    """Raises DownloadError unless the disk of the hub's cache holds what is still to come."""
    place = next(folder for folder in (cache_folder(), *cache_folder().absolute().parents) if folder.exists())
    needed, free = listing.missing_bytes, shutil.disk_usage(place).free
    if needed > free:
        raise DownloadError(
            f"{listing.hub_id} needs {needed / 1e9:.1f} GB more, and the disk of the hub's cache {cache_folder()} has "
            f"{free / 1e9:.1f} GB left: make room, or move it with HF_HUB_CACHE."
        )


def _fetch_all(listing: Listing, progress: Progress) -> None:
    from huggingface_hub import hf_hub_url

    total, done = listing.nbytes, 0
    for file in listing.files:
        if not listing.has(file):
            url = hf_hub_url(listing.hub_id, file.name, revision=listing.commit, endpoint=endpoint())
            part, blob = listing.part(file), listing.blobs / file.checksum
            fetch(url, file, part, blob, partial(_report, progress, done, total))
        _link(listing, file)
        done += file.size
        progress(done, total)
    if listing.is_newest:
        # Written last: until all is here, an older snapshot that is whole stays the newest.
        _write_whole(repository_folder(listing.hub_id) / "refs" / "main", listing.commit)


def _while_online(hub_id: str, progress: Progress, done: int, total: int) -> None:
    """Tell of progress, unless somebody has gone offline since."""
    if is_offline():
        raise DownloadError(offline_sentence(hub_id))
    progress(done, total)


def _report(progress: Progress, before: int, total: int, here: int) -> None:
    progress(before + here, total)


def _link(listing: Listing, file: RemoteFile) -> None:
    """Put a blob into the snapshot under its name, by a link as other programs make it."""
    place = listing.snapshot / file.name
    if place.is_file() and place.stat().st_size == file.size:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    link = place.with_name(f".{file.name}.partial")
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..", "..", "blobs", file.checksum))
    link.replace(place)


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.partial")
    written.write_text(text)
    written.replace(path)


def _drop_broken(listing: Listing) -> None:
    """Remove files of the listing whose bytes are wrong."""
    for file in listing.files:
        for place in (listing.snapshot / file.name, listing.blobs / file.checksum):
            if place.is_file() and checksum(place, file.checksum) != file.checksum:
                place.unlink()


def _sweep(listing: Listing) -> None:
    """Remove the beginnings of files that nobody goes on with: of other commits, or of other programs that died."""
    for part in listing.blobs.glob("*.incomplete"):
        if time.time() - part.stat().st_mtime > ORPHAN_AGE:
            part.unlink(missing_ok=True)


@contextmanager
def _in_sentences(hub_id: str) -> Iterator[None]:
    _tame_the_library()
    from huggingface_hub import close_session
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError) as error:
        raise DownloadError(sentence(hub_id, error)) from error
    finally:
        close_session()  # no connection stays open


def _tame_the_library() -> None:
    """Settings that huggingface_hub reads once, when it is imported."""
    # It would tell the hub, with every request, what kind of program started us.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import huggingface_hub
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE = is_offline()
    huggingface_hub.logging.set_verbosity_error()
