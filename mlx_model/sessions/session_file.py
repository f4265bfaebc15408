"""What a model has read of a conversation, as a file: reopened, its pictures are not read again.

Safetensors, whole or not at all. Beside the KV cache stands what each position is a mark of, which model read it (see
`identity.py`) and a digest of everything: a file that is damaged, or another model's, is refused. That a conversation
has changed since is no reason to: a session is always cut to what still holds. Knows no names and no turns.
"""

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from safetensors import SafetensorError, deserialize

from mlx_model.cache import KVCache
from mlx_model.errors import InputError, SaveError
from mlx_model.media.regular_file import open_regular_file
from mlx_model.sessions.session import Session
from mlx_model.whole_file import whole_file

FORMAT = 2  # raised when a file's form or the decoder's numbers change
_DTYPES = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16, "U32": mx.uint32, "U8": mx.uint8}
_ABOUT, _DIGEST = "about", "sha256"


def write_session(path: Path, session: Session, model: str) -> None:
    """Write what the model with this identity has read. Raises SaveError; what was there before is then still there."""
    if not session.length:
        raise SaveError(f"{path} was not written: nothing has been read that could be kept.")
    tensors = {
        f"{layer:04}.{place}": array
        for layer, cache in enumerate(session.cache)
        for place, array in enumerate(cache.used())
    }
    about = {"format": FORMAT, "model": model, "form": session.cache[0].form, "marks": session.marks}
    tensors[_ABOUT] = mx.array(np.frombuffer(json.dumps(about).encode(), np.uint8))
    tensors = {name: mx.contiguous(array) for name, array in tensors.items()}
    mx.eval(tensors)
    tensors[_DIGEST] = mx.array(_digest({name: np.asarray(array.view(mx.uint8)) for name, array in tensors.items()}))
    content = BytesIO()
    mx.save_safetensors(content, tensors)
    try:
        # Nobody else has a right to read what was said.
        with whole_file(path, private=True) as file:
            file.write(content.getbuffer())
    except OSError as error:
        raise SaveError(f"{path} could not be written: {error.strerror or error}. Nothing was changed.") from error


def read_session(path: Path, cache: list[KVCache], model: str) -> Session:
    """What `write_session` wrote, in these empty caches. Raises SaveError where it is of no use to this model."""
    try:
        with open_regular_file(path, str(path)) as file:
            stored = dict(deserialize(file.read()))
    except InputError as error:
        raise SaveError(str(error)) from error
    except (SafetensorError, OSError) as error:
        raise SaveError(f"{path} is damaged ({error}) and was not used.") from error
    try:
        raw = {name: np.frombuffer(tensor["data"], np.uint8) for name, tensor in stored.items()}
        digest = raw.pop(_DIGEST)
        if not np.array_equal(digest, _digest(raw)):
            raise ValueError("its content is not what was written")
        about = json.loads(raw.pop(_ABOUT).tobytes())
        if about["format"] != FORMAT:
            raise ValueError("another version of Smolsight wrote it")
    except (KeyError, ValueError) as error:
        raise SaveError(f"{path} is damaged or no saved conversation ({error}) and was not used.") from error
    if (about["model"], about["form"]) != (model, cache[0].form):
        raise SaveError(f"{path} is of another model, or of another form of its cache, and was not used.")
    return _session(path, cache, about["marks"], {name: _array(raw[name], stored[name]) for name in raw})


def _session(path: Path, cache: list[KVCache], marks: Any, arrays: dict[str, mx.array]) -> Session:
    try:
        for number, layer in enumerate(cache):
            layer.restore([arrays[name] for name in sorted(arrays) if name.startswith(f"{number:04}.")])
            if layer.offset != len(marks):
                raise ValueError(f"{len(marks)} marks, {layer.offset} positions")
    except ValueError as error:
        raise SaveError(f"{path} does not fit the model ({error}) and was not used.") from error
    return Session(cache, marks)


def _array(raw: np.ndarray, tensor: dict[str, Any]) -> mx.array:
    return mx.array(raw).view(_DTYPES[tensor["dtype"]]).reshape(tensor["shape"])


def _digest(raw: dict[str, np.ndarray]) -> np.ndarray:
    """SHA-256 over names and bytes, as uint8 [32]."""
    digest = hashlib.sha256()
    for name in sorted(raw):
        digest.update(f"{name} {raw[name].size}:".encode())
        digest.update(np.ascontiguousarray(raw[name]).data)
    return np.frombuffer(digest.digest(), np.uint8)
