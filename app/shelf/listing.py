"""What a repository of the hub holds that is ours to fetch: names, sizes and checksums at one commit.

Only the files that a checkpoint is made of count, by an allow-list of our own: never a script, never a file in a
subfolder. Fetches no file.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.shelf.catalogue import Known, known_as
from app.shelf.checksums import is_checksum
from app.shelf.hub_cache import repository_folder
from app.shelf.retries import retried
from mlx_model.errors import DownloadError

# Configuration, tokenizer, templates, licence and weights, in the repository's top folder.
WANTED = re.compile(r"[A-Za-z0-9][\w.-]*\.(json|jinja|txt)|tokenizer\.model|model[\w.-]*\.safetensors|LICENSE|NOTICE")


@dataclass(frozen=True)
class RemoteFile:
    """A file on the hub, its size in bytes and the checksum that the cache keeps it under."""

    name: str
    size: int
    checksum: str


@dataclass(frozen=True)
class Listing:
    """The wanted files of a repository at `commit`; `is_newest` unless the catalogue pins a commit."""

    hub_id: str
    commit: str
    is_newest: bool
    files: tuple[RemoteFile, ...]

    @property
    def nbytes(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def snapshot(self) -> Path:
        """The folder that the files are in once they are here."""
        return repository_folder(self.hub_id) / "snapshots" / self.commit

    @property
    def blobs(self) -> Path:
        return repository_folder(self.hub_id) / "blobs"

    def part(self, file: RemoteFile) -> Path:
        """Where a file grows while it is fetched."""
        return self.blobs / f"{file.checksum}.incomplete"

    def has(self, file: RemoteFile) -> bool:
        """Whether a file is here, by its size."""
        places = (self.snapshot / file.name, self.blobs / file.checksum)
        return any(place.is_file() and place.stat().st_size == file.size for place in places)

    @property
    def missing_bytes(self) -> int:
        """What is still to come; the beginning of a file counts as here."""
        missing = [file for file in self.files if not self.has(file)]
        begun = [min(part.stat().st_size, file.size) for file in missing if (part := self.part(file)).is_file()]
        return sum(file.size for file in missing) - sum(begun)


def endpoint() -> str | None:
    """The hub that HF_ENDPOINT names; None is the hub's own."""
    return os.environ.get("HF_ENDPOINT")


def ask_listing(hub_id: str, look: Callable[[], None] = lambda: None) -> Listing:
    """The hub's listing. Raises DownloadError where it holds no checkpoint, and what the hub's library raises.

    `look` is called while it waits for another try.
    """
    from huggingface_hub import HfApi, constants

    known = known_as(hub_id)
    api = HfApi(endpoint=endpoint(), library_name="smolsight")
    info = retried(
        lambda: api.model_info(
            hub_id,
            revision=known.revision if known else None,
            files_metadata=True,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
        ),
        look,
    )
    siblings = [sibling for sibling in info.siblings or () if WANTED.fullmatch(sibling.rfilename)]
    files = tuple(RemoteFile(sibling.rfilename, sibling.size or 0, _checksum(sibling)) for sibling in siblings)
    listing = Listing(hub_id, info.sha or "", is_newest=not (known and known.revision), files=files)
    _check(listing, known)
    return listing


def _checksum(sibling: Any) -> str:
    return (sibling.lfs.sha256 if sibling.lfs else sibling.blob_id) or ""


def _check(listing: Listing, known: Known | None) -> None:
    names = {file.name for file in listing.files}
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        raise DownloadError(
            f"{listing.hub_id} has no config.json with *.safetensors beside it, so it is no checkpoint for us."
        )
    # They become names of files here.
    odd = [file.name for file in listing.files if not is_checksum(file.checksum)]
    if odd or not re.fullmatch(r"[0-9a-f]{40}", listing.commit):
        at_fault = odd[0] if odd else "its commit"
        raise DownloadError(f"The hub's listing of {listing.hub_id} is not in its usual form ({at_fault}).")
    for file in listing.files:
        if known and known.sha256.get(file.name, file.checksum) != file.checksum:
            raise DownloadError(
                f"The hub's {file.name} of {listing.hub_id} is not the one that Smolsight knows: its checksum differs. "
                "Nothing was fetched."
            )
