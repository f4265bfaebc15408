"""One file of the hub, from the network onto the disk: it goes on where it was cut, and is checked when it is whole.

A file grows as `<checksum>.incomplete` among the cache's blobs and is renamed when its checksum is right, so nothing
that is half there can be taken for whole. The hub's library would begin an interrupted file anew, and checks sizes
alone (docs/decisions/0008-downloads-of-our-own.md).
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.shelf.checksums import checksum
from app.shelf.listing import RemoteFile
from app.shelf.retries import Retries
from mlx_model.errors import DownloadError

TRIES = 2  # of the whole file, when it arrives with wrong bytes


def fetch(url: str, file: RemoteFile, part: Path, blob: Path, report: Callable[[int], None]) -> None:
    """Make `blob` the file at `url`, by way of `part`, whose bytes are kept when this is stopped.

    `report(bytes of this file that are here)`; what it raises stops the transfer. Raises DownloadError for wrong bytes
    or a second writer, and what the hub's library and the disk raise.
    """
    with _only_writer(part, file) as stream:
        for _ in range(TRIES):
            _fill(url, file, stream, report)
            stream.flush()
            if checksum(part, file.checksum) == file.checksum:
                os.fsync(stream.fileno())
                part.replace(blob)
                return
            stream.truncate(0)
        part.unlink()
    raise DownloadError(f"{file.name} arrived with other bytes than the hub announces, {TRIES} times. Try again later.")


@contextmanager
def _only_writer(part: Path, file: RemoteFile) -> Iterator[BinaryIO]:
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DownloadError(f"Another process is fetching {file.name} right now. Wait until it is done.") from None
        yield stream


def _fill(url: str, file: RemoteFile, stream: BinaryIO, report: Callable[[int], None]) -> None:
    """Append what is missing, over as many connections as it takes."""
    from huggingface_hub.errors import HTTPError

    retries = Retries(lambda: report(stream.tell()))
    if stream.tell() > file.size:
        stream.truncate(0)
    while stream.seek(0, os.SEEK_END) < file.size:
        begin = stream.tell()
        try:
            for chunk in _stream(url, begin, stream):
                stream.write(chunk)
                report(min(stream.tell(), file.size))
                if stream.tell() > file.size:
                    return
            if stream.tell() == begin:
                raise ConnectionError("it sends nothing")
        except (HTTPError, ConnectionError, TimeoutError) as error:
            if stream.tell() > begin:
                retries.forget()
            retries.wait_after(error)


def _stream(url: str, begin: int, stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file from `begin` on; from its beginning where the server knows no ranges."""
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    headers = build_hf_headers(library_name="smolsight") | {"Accept-Encoding": "identity"}
    if begin:
        headers["Range"] = f"bytes={begin}-"
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
        hf_raise_for_status(response)
        if response.status_code != 206:
            stream.truncate(0)
        yield from response.iter_bytes()  # as it comes: what waits for more would be lost with the connection
