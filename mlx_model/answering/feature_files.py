"""Image tokens on disk: a safetensors file for each picture or frame, the whole folder within a byte budget.

A cache and no more: what is damaged is removed and computed anew, and a disk that is full or closed to us costs nothing
but the cache. Without its folder nothing is kept, so whoever deletes that has it so. Several processes may share it,
since a file's name says what is in it: whoever writes it first has written the same. Beyond the budget those go that
were unused for longest. Knows neither pictures nor models.
"""

import contextlib
import hashlib
import os
import time
from io import BytesIO
from pathlib import Path

import mlx.core as mx
import numpy as np
from safetensors import SafetensorError, deserialize

from mlx_model.whole_file import PARTIAL, whole_file

FORMAT = 1  # part of every name: raised when the encoder's numbers or the file's form change
LEFTOVER_SECONDS = 3600  # a partial file that old belongs to a process that was killed
_DTYPES = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16}


class FeatureFiles:
    """One model's share of a folder of at most `max_bytes`. `identity` is the model's, see `identity.py`."""

    def __init__(self, folder: Path, max_bytes: int, identity: str) -> None:
        self.folder, self.max_bytes, self._identity = folder, max_bytes, identity
        self._room = 0  # bytes that may be written before the folder is looked through again

    def get(self, key: str) -> mx.array | None:
        """The image tokens under this key, or None. Counts as a use."""
        path = self._path(key)
        try:
            features = _decode(path.read_bytes())
        except OSError:
            return None
        with contextlib.suppress(OSError):
            if features is None:
                path.unlink()
            else:
                os.utime(path)
        return features

    def put(self, key: str, features: mx.array) -> None:
        """Keep evaluated image tokens, unless they are more than a sixteenth of the budget or cannot be written."""
        content, path = _encode(features), self._path(key)
        if len(content) > self._step:
            return
        with contextlib.suppress(OSError):
            if len(content) > self._room:
                self._make_room()
            with whole_file(path, private=True, synced=False) as file:
                file.write(content)
            self._room -= len(content)

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(f"{FORMAT} {self._identity} {key}".encode()).hexdigest()
        return self.folder / f"{name}.safetensors"

    @property
    def _step(self) -> int:
        return self.max_bytes // 16

    def _make_room(self) -> None:
        """Room for a sixteenth of the budget: the folder is not looked through at every file."""
        files: list[tuple[float, int, Path]] = []
        for entry in os.scandir(self.folder):
            with contextlib.suppress(FileNotFoundError):  # another process removed it
                status = entry.stat(follow_symlinks=False)
                if entry.name.startswith(PARTIAL) and status.st_mtime < time.time() - LEFTOVER_SECONDS:
                    os.unlink(entry)
                elif entry.name.endswith(".safetensors"):
                    files.append((status.st_mtime, status.st_size, Path(entry)))
        held = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if held <= self.max_bytes - self._step:
                break
            path.unlink(missing_ok=True)
            held -= size
        self._room = self._step


def _encode(features: mx.array) -> bytes:
    file = BytesIO()
    mx.save_safetensors(file, {"features": features, "sha256": mx.array(_digest(np.asarray(features.view(mx.uint8))))})
    return file.getvalue()


def _decode(content: bytes) -> mx.array | None:
    """What a file holds; None for one that is not as it was written."""
    try:
        tensors = dict(deserialize(content))
        stored, digest = tensors["features"], tensors["sha256"]
        raw = np.frombuffer(stored["data"], np.uint8)
        if bytes(digest["data"]) != _digest(raw).tobytes():
            return None
        return mx.array(raw).view(_DTYPES[stored["dtype"]]).reshape(stored["shape"])
    except (SafetensorError, KeyError, ValueError):
        return None


def _digest(raw: np.ndarray) -> np.ndarray:
    """SHA-256 of an array's bytes, as uint8 [32]."""
    return np.frombuffer(hashlib.sha256(np.ascontiguousarray(raw).data).digest(), np.uint8)
