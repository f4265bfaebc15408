"""Model folders that must be refused, each with the words that the one sentence about it has to hold.

`BROKEN_MODELS[name].damage(folder)` damages a whole checkpoint of `tests.checkpoints`. For the tests of loading and of
the commands.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.checkpoints import tensors
from tests.safetensors_files import save_safetensors

WEIGHTS = "model.safetensors"
NORM = "model.text_model.norm.weight"
ESCAPE = "{{ ''.__class__.__mro__[1].__subclasses__() }}"


@dataclass(frozen=True)
class BrokenModel:
    """`words` are parts of the sentence: what is wrong, where."""

    damage: Callable[[Path], None]
    words: tuple[str, ...]


def _edit(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        values = json.loads((folder / name).read_text(encoding="utf-8"))
        change(values)
        (folder / name).write_text(json.dumps(values), encoding="utf-8")

    return damage


def set_key(name: str, *path: str, to: Any) -> Callable[[Path], None]:
    """Set the key at `path` in a JSON file."""

    def change(values: dict[str, Any]) -> None:
        for key in path[:-1]:
            values = values[key]
        values[path[-1]] = to

    return _edit(name, change)


def _drop(name: str, *path: str) -> Callable[[Path], None]:
    def change(values: dict[str, Any]) -> None:
        for key in path[:-1]:
            values = values[key]
        del values[path[-1]]

    return _edit(name, change)


def _write(name: str, content: str | bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return damage


def _remove(*names: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return damage


def _cut(name: str, size: int) -> Callable[[Path], None]:
    """Leave the first `size` bytes, or all but the last where it is negative."""

    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:size])

    return damage


def _weights(change: Callable[[dict[str, np.ndarray]], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        weights = tensors(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        change(weights)
        save_safetensors(folder / WEIGHTS, weights)

    return damage


def _lose_tensor(weights: dict[str, np.ndarray]) -> None:
    del weights[NORM]


def _add_tensor(weights: dict[str, np.ndarray]) -> None:
    weights["model.text_model.layers.99.mlp.up_proj.weight"] = np.zeros((4, 4), np.float32)


def _reshape_tensor(weights: dict[str, np.ndarray]) -> None:
    weights[NORM] = np.ones(7, np.float32)


def _spoil_number(weights: dict[str, np.ndarray]) -> None:
    weights[NORM][3] = np.nan


def _overflow_number(weights: dict[str, np.ndarray]) -> None:
    weights["model.connector.modality_projection.proj.weight"][0, 0] = np.inf


def _repeat_tensor(weights: dict[str, np.ndarray]) -> None:
    """The same tensor by its hub name and by mlx-community's."""
    weights["language_model.norm.weight"] = weights[NORM]


def _edit_header(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """Rewrite a safetensors header, leaving the numbers where they are."""

    def damage(folder: Path) -> None:
        content = (folder / WEIGHTS).read_bytes()
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        change(header)
        text = json.dumps(header).encode()
        (folder / WEIGHTS).write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size :])

    return damage


def _overlap(header: dict[str, Any]) -> None:
    """Two tensors of one shape share their bytes."""
    first, second = (
        name
        for name in header
        if name.endswith("layers.0.mlp.gate_proj.weight") or name.endswith("layers.0.mlp.up_proj.weight")
    )
    header[second]["data_offsets"] = header[first]["data_offsets"]


def _out_of_file(header: dict[str, Any]) -> None:
    begin, end = header[NORM]["data_offsets"]
    header[NORM]["data_offsets"] = [begin + 2**40, end + 2**40]


def _shard_index(weight_map: dict[str, str]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}), encoding="utf-8")
        (folder / WEIGHTS).unlink()

    return damage


def _other_tokenizer(folder: Path) -> None:
    """One whose ids go past the model's vocabulary."""
    values = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    values["added_tokens"].append({**values["added_tokens"][-1], "id": 9999, "content": "<extra>"})
    values["model"]["vocab"]["<extra>"] = 9999
    (folder / "tokenizer.json").write_text(json.dumps(values), encoding="utf-8")


def _pickle_instead(folder: Path) -> None:
    shutil.move(folder / WEIGHTS, folder / "pytorch_model.bin")


CONFIG, TEMPLATE, IMAGES = "config.json", "chat_template.json", "preprocessor_config.json"

BROKEN_MODELS: dict[str, BrokenModel] = {
    "no config": BrokenModel(_remove(CONFIG), (CONFIG, "missing")),
    "config is no JSON": BrokenModel(_write(CONFIG, '{"model_type": '), (CONFIG, "JSON")),
    "config is binary": BrokenModel(_write(CONFIG, b"\xff\xfe\0\x01"), (CONFIG, "JSON")),
    "config is a list": BrokenModel(_write(CONFIG, "[1]"), (CONFIG, "list")),
    "config nests too deep": BrokenModel(_write(CONFIG, "[" * 200_000), (CONFIG,)),
    "hidden size missing": BrokenModel(_drop(CONFIG, "text_config", "hidden_size"), ("text_config.hidden_size",)),
    "RoPE base missing": BrokenModel(_drop(CONFIG, "text_config", "rope_theta"), ("text_config.rope_theta",)),
    "image size missing": BrokenModel(_drop(CONFIG, "vision_config", "image_size"), ("vision_config.image_size",)),
    "scale factor missing": BrokenModel(_drop(CONFIG, "scale_factor"), ("scale_factor",)),
    "hidden size is a text": BrokenModel(
        set_key(CONFIG, "text_config", "hidden_size", to="576"), ("hidden_size", "'576'")
    ),
    "no heads": BrokenModel(set_key(CONFIG, "text_config", "num_attention_heads", to=0), ("num_attention_heads", "0")),
    "negative layers": BrokenModel(set_key(CONFIG, "text_config", "num_hidden_layers", to=-1), ("num_hidden_layers",)),
    "a billion layers": BrokenModel(
        set_key(CONFIG, "text_config", "num_hidden_layers", to=10**9), ("num_hidden_layers",)
    ),
    "a giant": BrokenModel(set_key(CONFIG, "text_config", "hidden_size", to=2**31 - 1), ("2147483647",)),
    "more than MLX can count": BrokenModel(set_key(CONFIG, "text_config", "vocab_size", to=10**12), ("vocab_size",)),
    "means of infinity": BrokenModel(set_key(IMAGES, "image_mean", to=[float("inf"), 0.5, 0.5]), ("image_mean",)),
    "heads that do not divide": BrokenModel(set_key(CONFIG, "text_config", "num_key_value_heads", to=7), ("7",)),
    "image token outside": BrokenModel(set_key(CONFIG, "image_token_id", to=10**6), ("image_token_id", "1000000")),
    "unknown architecture": BrokenModel(set_key(CONFIG, "model_type", to="llava"), ("llava",)),
    "unknown decoder": BrokenModel(set_key(CONFIG, "text_config", "model_type", to="mamba"), ("mamba",)),
    "other activation": BrokenModel(set_key(CONFIG, "text_config", "hidden_act", to="relu"), ("hidden_act", "relu")),
    "model_file": BrokenModel(set_key(CONFIG, "model_file", to="model.py"), ("model_file", "never runs code")),
    "weights missing": BrokenModel(_remove(WEIGHTS), (WEIGHTS,)),
    "weights empty": BrokenModel(_write(WEIGHTS, b""), (WEIGHTS, "damaged")),
    "weights truncated": BrokenModel(_cut(WEIGHTS, -1000), (WEIGHTS, "damaged")),
    "weights' header truncated": BrokenModel(_cut(WEIGHTS, 100), (WEIGHTS, "damaged")),
    "weights are zeros": BrokenModel(_write(WEIGHTS, bytes(4096)), (WEIGHTS, "damaged")),
    "weights only as a pickle": BrokenModel(_pickle_instead, (WEIGHTS,)),
    "trailing bytes": BrokenModel(lambda f: _write(WEIGHTS, (f / WEIGHTS).read_bytes() + bytes(64))(f), (WEIGHTS,)),
    "tensor missing": BrokenModel(_weights(_lose_tensor), ("norm.weight", "lacks")),
    "tensor surplus": BrokenModel(_weights(_add_tensor), ("layers.99.mlp.up_proj.weight",)),
    "tensor of wrong shape": BrokenModel(_weights(_reshape_tensor), ("norm.weight", "[7]", "[576]")),
    "tensor under two names": BrokenModel(_weights(_repeat_tensor), ("norm.weight",)),
    "NaN": BrokenModel(_weights(_spoil_number), ("norm.weight", "not finite")),
    "infinite": BrokenModel(_weights(_overflow_number), ("connector", "not finite")),
    "tensors overlap": BrokenModel(_edit_header(_overlap), (WEIGHTS,)),
    "tensor outside the file": BrokenModel(_edit_header(_out_of_file), (WEIGHTS,)),
    "shard missing": BrokenModel(_shard_index({NORM: "model-1.safetensors"}), ("model-1.safetensors", "missing")),
    "shard in another folder": BrokenModel(_shard_index({NORM: "../../x.safetensors"}), ("../../x.safetensors",)),
    "shard index empty": BrokenModel(_shard_index({}), ("weight_map",)),
    "tokenizer missing": BrokenModel(_remove("tokenizer.json"), ("tokenizer.json", "missing")),
    "tokenizer broken": BrokenModel(_write("tokenizer.json", "{}"), ("tokenizer.json",)),
    "tokenizer of another model": BrokenModel(_other_tokenizer, ("tokenizer.json", "vocabulary")),
    "image processor missing": BrokenModel(_remove(IMAGES), (IMAGES, "missing")),
    "tile of another size": BrokenModel(set_key(IMAGES, "max_image_size", to={"longest_edge": 512}), ("512", "64")),
    "zero deviation": BrokenModel(set_key(IMAGES, "image_std", to=[0, 0.5, 0.5]), ("image_std",)),
    "means of two channels": BrokenModel(set_key(IMAGES, "image_mean", to=[0.5, 0.5]), ("image_mean",)),
    "template that escapes": BrokenModel(set_key(TEMPLATE, "chat_template", to=ESCAPE), (TEMPLATE,)),
    "template without end": BrokenModel(
        set_key(
            TEMPLATE,
            "chat_template",
            to="{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        ),
        (TEMPLATE,),
    ),
    "template that is broken": BrokenModel(set_key(TEMPLATE, "chat_template", to="{% for %}"), (TEMPLATE,)),
    "template that forgets the words": BrokenModel(
        set_key(TEMPLATE, "chat_template", to="Hello."), (TEMPLATE, "user says")
    ),
    "packed without saying how": BrokenModel(
        _weights(lambda weights: weights.update({NORM.replace("weight", "scales"): np.ones(4, np.float32)})),
        ("packed", "quantization"),
    ),
    "packing that cannot be": BrokenModel(
        set_key(CONFIG, "quantization", to={"group_size": 64}), ("quantization.bits",)
    ),
    "no token ends an answer": BrokenModel(
        set_key("generation_config.json", "eos_token_id", to="stop"), ("generation_config.json", "eos_token_id")
    ),
}
