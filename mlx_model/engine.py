"""The engine: the one thread that owns MLX, from the first load to the end.

Arrays, and weights that are still on disk, belong to the thread that made them, so everything happens here: loading,
looking, answering, giving back. What goes in and comes out is in `protocol.py`, the order of jobs in `job_thread.py`.
MLX itself is imported on the thread, so an engine costs its owner no time.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlx_model.errors import CheckpointError, SaveError, stop_if
from mlx_model.job_thread import JobThread
from mlx_model.prompting.prompt import Message
from mlx_model.protocol import (
    Ask,
    AskMany,
    EncodeAhead,
    EngineEvent,
    Forget,
    Glance,
    ItemEvent,
    Job,
    Limit,
    Loaded,
    LoadStarted,
    OpenSession,
    SaveSession,
    Unload,
)
from mlx_model.request import Request

if TYPE_CHECKING:
    from mlx_model.answering.features import FeatureCache
    from mlx_model.cache import KVCache
    from mlx_model.loading.checkpoint import Checkpoint
    from mlx_model.sessions.kept_sessions import Sessions

FEATURE_BYTES = 256 * 2**20
FEATURE_DISK_BYTES = 2 * 2**30
FLEETING_BYTES = 8 * 2**20  # some 20 pictures in one tile
SESSION_BYTES = 2**30
PACKED_FROM = 1024  # positions; a short conversation stays exact


class MLXEngine(JobThread):
    """An `Engine` with one model at a time, unloaded after `idle_seconds` without a job (None: never).

    It remembers up to `feature_bytes` of image tokens, so that known pictures are not looked at again; with 0 it saves
    itself the hashing of their pixels. With a `feature_folder` it also keeps up to `feature_disk_bytes` of them there,
    for its next run and for other processes; once that folder is deleted, nothing more. Of conversations it keeps up to
    `session_bytes` of KV caches, those that were asked longest ago go first. With `kv_bits` these are packed from
    PACKED_FROM positions on: smaller, less exact.
    """

    def __init__(
        self,
        *,
        idle_seconds: float | None = None,
        feature_bytes: int = FEATURE_BYTES,
        feature_folder: Path | None = None,
        feature_disk_bytes: int = FEATURE_DISK_BYTES,
        session_bytes: int = SESSION_BYTES,
        kv_bits: Literal[8, 4] | None = None,
    ) -> None:
        worker = _ModelWorker(feature_bytes, feature_folder, feature_disk_bytes, session_bytes, kv_bits)
        super().__init__(worker, idle_seconds=idle_seconds)


class _ModelWorker:
    """A loaded model and what it has seen. Lives on the engine's thread alone."""

    def __init__(
        self,
        feature_bytes: int,
        feature_folder: Path | None,
        feature_disk_bytes: int,
        session_bytes: int,
        kv_bits: int | None,
    ) -> None:
        self._feature_bytes, self._session_bytes, self._kv_bits = feature_bytes, session_bytes, kv_bits
        self._feature_folder, self._feature_disk_bytes = feature_folder, feature_disk_bytes
        self._make_feature_folder()
        self._checkpoint: Checkpoint | None = None
        self.loaded: Path | None = None
        self._seen: FeatureCache | None = None
        self._glimpsed: FeatureCache | None = None
        self._kept: Sessions | None = None

    def stream(self, job: Job, cancelled: threading.Event) -> Iterator[EngineEvent]:
        if isinstance(job, Unload):
            self._unload()
            return
        if isinstance(job, Forget):
            if self._kept is not None:
                self._kept.forget(job.conversation)
            return
        if isinstance(job, Limit):
            self._limit(job)
            return
        if isinstance(job, AskMany):
            yield from self._ask_many(job, cancelled)
            return
        yield from self._make_ready(job.folder, cancelled)
        assert self._checkpoint is not None, "a folder is only remembered with its model"
        from mlx_model.answering.answer import stream_answer
        from mlx_model.answering.looking import stream_glance, stream_look

        match job:
            case Ask(_, request, reading, conversation, fleeting):
                yield from stream_answer(
                    self._checkpoint,
                    request,
                    cancelled,
                    reading=reading,
                    seen=self._glimpsed if fleeting else self._seen,
                    kept=self._kept,
                    conversation=conversation,
                )
            case Glance(_, picture) if self._glimpsed is not None:
                yield from stream_glance(self._checkpoint, picture, cancelled, self._glimpsed)
            case SaveSession(folder, name, file):
                self._save(folder, name, file)
            case OpenSession(folder, name, file):
                self._open(folder, name, file)
            case EncodeAhead(_, pictures, detail) if self._seen is not None:
                request = Request((Message("user", pictures),), detail)
                yield from stream_look(self._checkpoint, request, cancelled, self._seen)

    def _limit(self, limit: Limit) -> None:
        before = (self._feature_folder, self._feature_disk_bytes)
        self._feature_folder, self._feature_disk_bytes = limit.feature_folder, limit.feature_disk_bytes
        self._feature_bytes, self._session_bytes = limit.feature_bytes, limit.session_bytes
        stays = before == (limit.feature_folder, limit.feature_disk_bytes)
        if not stays:
            self._make_feature_folder()
        if self._checkpoint is None or self.loaded is None or self._kept is None:
            return
        self._kept.limit(limit.session_bytes)
        if self._seen is not None and stays and limit.feature_bytes:
            self._seen.limit(limit.feature_bytes)
        else:
            self._seen = self._new_memory(self.loaded)
        _give_back()

    def _make_feature_folder(self) -> None:
        """Once: who deletes it while it is used wants nothing kept. Where it cannot be, nothing is kept either."""
        if self._feature_folder is not None:
            with suppress(OSError):
                self._feature_folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _save(self, folder: Path, conversation: str, file: Path) -> None:
        from mlx_model.loading.identity import model_identity
        from mlx_model.sessions.session_file import write_session

        session = self._kept.get(conversation) if self._kept else None
        if session is None:
            raise SaveError("Nothing is kept of the conversation that could be written: ask something first.")
        write_session(file, session, model_identity(folder))

    def _open(self, folder: Path, conversation: str, file: Path) -> None:
        from mlx_model.loading.identity import model_identity
        from mlx_model.sessions.session_file import read_session

        assert self._kept is not None, "it comes with the model"
        self._kept.put(conversation, read_session(file, self._kept.new_cache(), model_identity(folder)))

    def _ask_many(self, job: AskMany, cancelled: threading.Event) -> Iterator[EngineEvent]:
        from mlx_model.openings import stream_opened

        with closing(stream_opened(job.openings)) as opened:
            for first in opened:
                if isinstance(first, ItemEvent):
                    yield first  # which takes no model
                    stop_if(cancelled, "The job was stopped.")
                    continue
                yield from self._make_ready(job.folder, cancelled)
                assert self._checkpoint is not None, "it was made ready"
                from mlx_model.answering.batch import stream_batch

                yield from stream_batch(self._checkpoint, chain([first], opened), job.size, cancelled, self._seen)

    def _make_ready(self, folder: Path, cancelled: threading.Event) -> Iterator[EngineEvent]:
        """Make the model of a folder the loaded one. Raises Cancelled."""
        if folder != self.loaded:
            yield from self._load(folder, cancelled)
        stop_if(cancelled, "The job was stopped.")

    def rest(self) -> None:
        self._unload()

    def end(self) -> None:
        self._checkpoint = self.loaded = self._seen = self._glimpsed = self._kept = None
        if "mlx.core" in sys.modules:
            import mlx.core as mx

            # A thread that ends without this aborts the process every other time when Python ends.
            mx.clear_streams()

    def _load(self, folder: Path, cancelled: threading.Event) -> Iterator[EngineEvent]:
        # Before the next one is read: two models may not fit.
        self._unload()
        yield LoadStarted(folder)
        begin = time.perf_counter()
        from mlx_model.answering.features import FeatureCache
        from mlx_model.device.memory import limit_memory
        from mlx_model.loading.checkpoint import load
        from mlx_model.sessions.kept_sessions import Sessions

        limit_memory()
        checkpoint = load(folder, cancelled=cancelled)
        self._kept = Sessions(self._new_cache(checkpoint), self._session_bytes)
        self._checkpoint, self.loaded = checkpoint, folder
        self._seen = self._new_memory(folder)
        self._glimpsed = FeatureCache(FLEETING_BYTES)
        context = checkpoint.config.text.max_position_embeddings
        yield Loaded(folder, time.perf_counter() - begin, checkpoint.image_config, context)

    def _new_cache(self, checkpoint: "Checkpoint") -> "Callable[[], list[KVCache]]":
        from mlx_model.cache import QuantizedKVCache, group_size

        bits, model = self._kv_bits, checkpoint.model.language_model
        if bits is None:
            return model.new_cache
        try:
            group_size(checkpoint.config.text.head_dim)
        except ValueError as error:
            raise CheckpointError(f"The KV cache of {checkpoint.folder} cannot be packed: {error}.") from error
        return lambda: [QuantizedKVCache(bits, PACKED_FROM) for _ in model.layers]

    def _new_memory(self, folder: Path) -> "FeatureCache | None":
        from mlx_model.answering.feature_files import FeatureFiles
        from mlx_model.answering.features import FeatureCache
        from mlx_model.loading.identity import model_identity

        files = None
        if self._feature_folder is not None:
            files = FeatureFiles(self._feature_folder, self._feature_disk_bytes, model_identity(folder))
        return FeatureCache(self._feature_bytes, files) if self._feature_bytes or files else None

    def _unload(self) -> None:
        if self._checkpoint is None:
            return
        self._checkpoint = self.loaded = self._seen = self._glimpsed = self._kept = None
        # Layers refer to each other, so counting references does not free them.
        gc.collect()
        _give_back()


def _give_back() -> None:
    """What MLX holds for arrays to come."""
    import mlx.core as mx

    mx.clear_cache()
