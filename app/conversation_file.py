"""A conversation as a file: what was said, and where the pictures and clips lie that were shown. Knows no model.

JSON, written whole or not at all. A picture is told from another by its pixels, a clip by its file's stamp: one that
changed since is shown as it is now, one that is gone is left out, and both are said.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlx_model.errors import InputError, SaveError

if TYPE_CHECKING:
    from mlx_model.media.images import Detail
    from mlx_model.media.video import Watching
    from mlx_model.prompting.prompt import Message, Part

KIND = "smolsight conversation"
VERSION = 1
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Conversation:
    """`model` is a name or a folder, as `--model` takes them. `remarks` say what is no longer as it was."""

    model: str
    messages: "tuple[Message, ...]"
    detail: "Detail" = "auto"
    remarks: tuple[str, ...] = ()


def cache_file(path: Path) -> Path:
    """Where what the model has read lies, beside the conversation's file, if it was kept at all."""
    return path.with_name(path.name + ".safetensors")


def write_conversation(path: Path, conversation: Conversation) -> None:
    """Raises SaveError; what was there before is then still there."""
    from mlx_model.whole_file import whole_file

    record = {
        "kind": KIND,
        "version": VERSION,
        "model": conversation.model,
        "detail": conversation.detail,
        "messages": [
            {"role": message.role, "parts": [_part_record(part) for part in message.parts]}
            for message in conversation.messages
        ],
    }
    try:
        # Nobody else has a right to read what was said.
        with whole_file(path, private=True) as file:
            file.write(json.dumps(record, indent=1).encode() + b"\n")
    except OSError as error:
        raise SaveError(f"{path} could not be written: {error.strerror or error}. Nothing was changed.") from error


def _part_record(part: "Part") -> dict[str, Any]:
    from mlx_model.prompting.prompt import Picture, Text

    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, Picture):
        return {"image": str(Path(part.name).absolute()), "pixels": part.pixel_hash}
    return {"video": str(part.path.absolute()), "stamp": part.identity, "watching": asdict(part.watching)}


def read_conversation(path: Path) -> Conversation:
    """Raises InputError for a file that is none of `write_conversation`'s."""
    from mlx_model.media.regular_file import open_regular_file

    with open_regular_file(path, str(path)) as file:
        content = file.read(MOST_BYTES)
    try:
        record = json.loads(content)
        if record["kind"] != KIND or record["version"] != VERSION:
            raise ValueError(f"it is no {KIND} of version {VERSION}")
        remarks: list[str] = []
        messages = tuple(_messages(record["messages"], remarks))
        return Conversation(str(record["model"]), messages, _detail(record["detail"]), tuple(remarks))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else error
        raise InputError(f"{path} could not be read as a saved conversation ({reason}).") from error


def _detail(value: Any) -> "Detail":
    if value in ("low", "auto", "high") or (type(value) is int and value > 0):
        return value
    raise ValueError(f"its detail is {value!r}")


def _messages(records: Any, remarks: list[str]) -> "list[Message]":
    from mlx_model.prompting.prompt import Message

    messages = []
    for record in records:
        if record["role"] not in ("system", "user", "assistant"):
            raise ValueError(f"nobody is called {record['role']!r}")
        parts = [part for one in record["parts"] if (part := _part(one, remarks)) is not None]
        if parts:
            messages.append(Message(record["role"], tuple(parts)))
    return messages


def _watching(record: dict[str, Any]) -> "Watching":
    from mlx_model.media.video import Watching

    for name, value in record.items():
        kinds = (int,) if name == "max_frames" else (int, float)
        if value is not None and (type(value) not in kinds or not 0 <= value < 1e9):
            raise ValueError(f"its {name} is {value!r}")
    return Watching(**record)


def _part(record: dict[str, Any], remarks: list[str]) -> "Part | None":
    """A part as it was, or as its file is now; None where there is no such file any more."""
    from mlx_model.media.image_files import open_image
    from mlx_model.media.video import open_clip
    from mlx_model.prompting.prompt import Picture, Text

    if "text" in record:
        if not isinstance(record["text"], str):
            raise ValueError("a text in it is none")
        return Text(record["text"])
    source = record["image"] if "image" in record else record["video"]
    changed = f"{source} has changed since the conversation was saved; the model sees it as it is now."
    try:
        if "image" in record:
            picture = Picture(open_image(Path(source)), str(source))
            if picture.pixel_hash != record["pixels"]:
                remarks.append(changed)
            return picture
        clip = open_clip(Path(source), str(source), _watching(record["watching"]))
        if clip.identity != record["stamp"]:
            remarks.append(changed)
        return clip
    except InputError as error:
        remarks.append(f"{error} The conversation goes on without it.")
        return None
