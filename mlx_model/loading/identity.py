"""What tells one checkpoint folder from another, for whatever is kept on disk about what its model has computed.

Cheap: no weight is read. A folder keeps its identity when it is moved or renamed, and loses it when any of its JSON
files or weights is written anew. Knows nothing of what is kept.
"""

import hashlib
from pathlib import Path

from mlx_model.errors import CheckpointError
from mlx_model.loading.weights import weight_files


def model_identity(folder: Path) -> str:
    """SHA-256, in hex: the JSON files' content, and each weight file's name, size, header and time of last change.

    Raises CheckpointError where a file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for file in sorted(folder.glob("*.json")):
            _add(digest, file.name, file.read_bytes())
        for file in weight_files(folder):
            status = file.stat()
            _add(digest, f"{file.name} {status.st_size} {status.st_mtime_ns}", _header(file))
    except OSError as error:
        raise CheckpointError(f"{folder} could not be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", name: str, content: bytes) -> None:
    """Each part behind its length, so that no two folders run together to the same bytes."""
    for part in (name.encode("utf-8", "surrogateescape"), content):
        digest.update(len(part).to_bytes(8, "little") + part)


def _header(file: Path) -> bytes:
    """Names, dtypes, shapes and places of a file's tensors, as they are written."""
    with file.open("rb") as reader:
        return reader.read(min(int.from_bytes(reader.read(8), "little"), file.stat().st_size))
