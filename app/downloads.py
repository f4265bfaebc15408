"""Checkpoints from the Hugging Face hub, into the hub's own cache.

Of a repository only the files that a checkpoint is made of are asked for, by an allow-list of our own: never a script,
never a file in a subfolder. What the network does wrong becomes one sentence. Knows no terminal: progress is numbers.
https://huggingface.co/docs/huggingface_hub/package_reference/file_download
"""

import errno
import logging
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.hub_cache import cache_folder, find_snapshot
from mlx_model.errors import DownloadError

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

# Configuration, tokenizer, templates, licence and weights, in the repository's top folder.
_WANTED = re.compile(r"[A-Za-z0-9][\w.-]*\.(json|jinja|txt)|tokenizer\.model|model[\w.-]*\.safetensors|LICENSE|NOTICE")


def download(hub_id: str, progress: Progress = lambda done, total: None) -> Path:
    """The folder of the repository's newest snapshot, after fetching what of it is not here yet.

    `progress(bytes here, bytes in all)`; what it raises stops the download. Finished files stay in the cache. When the
    hub cannot be asked, a complete snapshot that is here already will do. Raises DownloadError.
    """
    _tame_the_library()
    from huggingface_hub.errors import HTTPError

    try:
        sizes, commit = _list_files(hub_id)
    except (HTTPError, OSError) as error:
        if snapshot := find_snapshot(hub_id):
            log.warning("The hub could not be asked about %s; the copy in its cache is used.", hub_id)
            return snapshot
        raise DownloadError(_sentence(hub_id, error)) from error
    try:
        return _fetch(hub_id, commit, sizes, progress)
    except (HTTPError, OSError) as error:
        raise DownloadError(_sentence(hub_id, error)) from error


def download_size(hub_id: str) -> int:
    """Bytes of the files that `download` would ask for; looks at the hub's listing alone. Raises DownloadError."""
    _tame_the_library()
    from huggingface_hub.errors import HTTPError

    try:
        sizes, _ = _list_files(hub_id)
    except (HTTPError, OSError) as error:
        raise DownloadError(_sentence(hub_id, error)) from error
    return sum(sizes.values())


def _tame_the_library() -> None:
    """Settings that huggingface_hub reads once, when it is imported."""
    # Xet's transfers could not be stopped from `progress`, and they report no bytes on the way.
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    # It would tell the hub, with every request, what kind of program started us.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import huggingface_hub

    huggingface_hub.logging.set_verbosity_error()


def _list_files(hub_id: str) -> tuple[dict[str, int], str]:
    """Names and sizes in bytes of the wanted files, and the commit that they belong to."""
    from huggingface_hub import HfApi, constants

    api = HfApi(endpoint=_endpoint(), library_name="smolsight")
    info = api.model_info(hub_id, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    files = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    sizes = {name: size for name, size in files.items() if _WANTED.fullmatch(name)}
    if "config.json" not in sizes or not any(name.endswith(".safetensors") for name in sizes):
        raise DownloadError(f"{hub_id} has no config.json with *.safetensors beside it, so it is no checkpoint for us.")
    return sizes, info.sha or "main"


def _fetch(hub_id: str, commit: str, sizes: dict[str, int], progress: Progress) -> Path:
    from huggingface_hub import hf_hub_download

    place: dict[str, Any] = {"cache_dir": cache_folder(), "endpoint": _endpoint(), "library_name": "smolsight"}
    total, done = sum(sizes.values()), 0
    # The name "main" makes the cache note which commit it stands for, so that others find the snapshot offline.
    config = Path(hf_hub_download(hub_id, "config.json", revision="main", **place))
    for name, size in sizes.items():
        bar = partial(_ByteCounter, partial(_report, progress, done, total))
        path = Path(hf_hub_download(hub_id, name, revision=commit, tqdm_class=bar, **place))
        if path.parent != config.parent:
            raise DownloadError(f"{hub_id} was changed on the hub during the download. Run the command again.")
        done += size
        progress(done, total)
    return config.parent


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def _report(progress: Progress, before: int, total: int, done: int) -> None:
    progress(min(before + done, total), total)


class _ByteCounter:
    """Stands where huggingface_hub wants a progress bar of tqdm's, and passes the bytes of one file on."""

    def __init__(self, report: Callable[[int], None], *, initial: int = 0, **appearance: object) -> None:
        self.report, self.done = report, initial

    def update(self, count: int) -> None:
        self.done += count
        self.report(self.done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def _sentence(hub_id: str, error: Exception) -> str:
    """What went wrong and what to do. Errors of the network come wrapped: what counts is at the root."""
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled

    while isinstance(error.__cause__, Exception) and getattr(error, "response", None) is None:
        error = error.__cause__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, OfflineModeIsEnabled):
        return f"{hub_id} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it. Unset it and try again."
    if isinstance(error, GatedRepoError) or status == 403:
        return f"{hub_id} is open only to those who accepted its terms: do so on its page, then run: hf auth login"
    if status in (401, 404):
        return f"The hub has no public model {hub_id} with these files. Check the name; if it is private: hf auth login"
    if status == 429:
        return f"The hub had too many requests to give out {hub_id} now. Wait some minutes and try again."
    if status is not None:
        return f"The hub answered {status} when asked for {hub_id}. Try again later."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of the hub's cache {cache_folder()} is full: make room, or move it with HF_HUB_CACHE."
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{hub_id} could not be fetched from the hub ({reason}). Check the connection and try again."
