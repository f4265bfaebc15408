"""The engine: the one thread that owns MLX, from the first load to the end.

Arrays, and weights that are still on disk, belong to the thread that made them, so everything happens here: loading,
looking, answering, giving back. What goes in and comes out is in `protocol.py`, the order of jobs in `job_thread.py`.
MLX itself is imported on the thread, so an engine costs its owner no time.
"""

import gc
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mlx_model.errors import Cancelled
from mlx_model.job_thread import JobThread
from mlx_model.prompt import Message
from mlx_model.protocol import Ask, EncodeAhead, EngineEvent, Forget, Job, Loaded, LoadStarted, Unload
from mlx_model.request import Request

if TYPE_CHECKING:
    from mlx_model.checkpoint import Checkpoint
    from mlx_model.features import FeatureCache
    from mlx_model.sessions import Sessions

FEATURE_BYTES = 256 * 2**20
FEATURE_DISK_BYTES = 2 * 2**30
SESSION_BYTES = 2**30


class MLXEngine(JobThread):
    """An `Engine` with one model at a time, unloaded after `idle_seconds` without a job (None: never).

    It remembers up to `feature_bytes` of image tokens, so that known pictures are not looked at again; with 0 it saves
    itself the hashing of their pixels. With a `feature_folder` it also keeps up to `feature_disk_bytes` of them there,
    for its next run and for other processes. Of conversations it keeps up to `session_bytes` of KV caches, those that
    were asked longest ago go first.
    """

    def __init__(
        self,
        *,
        idle_seconds: float | None = None,
        feature_bytes: int = FEATURE_BYTES,
        feature_folder: Path | None = None,
        feature_disk_bytes: int = FEATURE_DISK_BYTES,
        session_bytes: int = SESSION_BYTES,
    ) -> None:
        worker = _ModelWorker(feature_bytes, feature_folder, feature_disk_bytes, session_bytes)
        super().__init__(worker, idle_seconds=idle_seconds)


class _ModelWorker:
    """A loaded model and what it has seen. Lives on the engine's thread alone."""

    def __init__(
        self, feature_bytes: int, feature_folder: Path | None, feature_disk_bytes: int, session_bytes: int
    ) -> None:
        self._feature_bytes, self._session_bytes = feature_bytes, session_bytes
        self._feature_folder, self._feature_disk_bytes = feature_folder, feature_disk_bytes
        self._checkpoint: Checkpoint | None = None
        self._folder: Path | None = None
        self._seen: FeatureCache | None = None
        self._kept: Sessions | None = None

    def stream(self, job: Job, cancelled: threading.Event) -> Iterator[EngineEvent]:
        if isinstance(job, Unload):
            self._unload()
            return
        if isinstance(job, Forget):
            if self._kept is not None:
                self._kept.forget(job.conversation)
            return
        if job.folder != self._folder:
            yield from self._load(job.folder, cancelled)
        if cancelled.is_set():
            raise Cancelled("The job was stopped.")
        assert self._checkpoint is not None, "a folder is only remembered with its model"
        from mlx_model.answer import stream_answer
        from mlx_model.looking import stream_look

        match job:
            case Ask(_, request, reading, conversation):
                yield from stream_answer(
                    self._checkpoint,
                    request,
                    cancelled,
                    reading=reading,
                    seen=self._seen,
                    kept=self._kept,
                    conversation=conversation,
                )
            case EncodeAhead(_, pictures, detail) if self._seen is not None:
                request = Request((Message("user", pictures),), detail)
                yield from stream_look(self._checkpoint, request, cancelled, self._seen)

    def rest(self) -> None:
        self._unload()

    def end(self) -> None:
        self._checkpoint = self._folder = self._seen = self._kept = None
        if "mlx.core" in sys.modules:
            import mlx.core as mx

            # A thread that ends without this aborts the process every other time when Python ends.
            mx.clear_streams()

    def _load(self, folder: Path, cancelled: threading.Event) -> Iterator[EngineEvent]:
        # Before the next one is read: two models may not fit.
        self._unload()
        yield LoadStarted(folder)
        begin = time.perf_counter()
        from mlx_model.checkpoint import load
        from mlx_model.sessions import Sessions

        checkpoint = load(folder, cancelled=cancelled)
        self._checkpoint, self._folder = checkpoint, folder
        self._seen = self._new_memory(folder)
        self._kept = Sessions(checkpoint.model.language_model.new_cache, self._session_bytes)
        context = checkpoint.config.text.max_position_embeddings
        yield Loaded(folder, time.perf_counter() - begin, checkpoint.image_config, context)

    def _new_memory(self, folder: Path) -> "FeatureCache | None":
        from mlx_model.feature_files import FeatureFiles
        from mlx_model.features import FeatureCache
        from mlx_model.identity import model_identity

        files = None
        if self._feature_folder is not None:
            files = FeatureFiles(self._feature_folder, self._feature_disk_bytes, model_identity(folder))
        return FeatureCache(self._feature_bytes, files) if self._feature_bytes or files else None

    def _unload(self) -> None:
        if self._checkpoint is None:
            return
        import mlx.core as mx

        self._checkpoint = self._folder = self._seen = self._kept = None
        # Layers refer to each other, so counting references does not free them.
        gc.collect()
        mx.clear_cache()
