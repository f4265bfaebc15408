"""Turns a folder that Smolsight wrote back into the hub's form, without any code of Smolsight's or MLX's.

Packed layers are expanded in float32 by the definition of the format: every weight is a run of `bits` bits, the lowest
first, times its group's scale, plus its group's bias. Names and the patch embedding's axes become torch's again.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

_PREFIXES = (
    ("language_model.lm_head.", "lm_head."),
    ("language_model.model.", "model.text_model."),
    ("language_model.", "model.text_model."),
    ("vision_model.", "model.vision_model."),
    ("connector.", "model.connector."),
)
PATCHES = "model.vision_model.embeddings.patch_embedding.weight"


def write_hub_form(source: Path, out: Path) -> Path:
    """Write `source` as float32 with the hub's names into `out`, which must not exist, and return it."""
    shutil.copytree(source, out, ignore=shutil.ignore_patterns("*.safetensors*", "config.json"))
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    quantization = config.pop("quantization", {})
    (out / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    stored = {name: tensor for file in sorted(source.glob("*.safetensors")) for name, tensor in load_file(file).items()}
    weights = {hub_name(name): tensor for name, tensor in expanded(stored, quantization).items()}
    if PATCHES in weights:
        weights[PATCHES] = weights[PATCHES].permute(0, 3, 1, 2).contiguous()
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    return out


def hub_name(name: str) -> str:
    """A tensor's name on the hub; a text-only model has the same names in both."""
    for ours, hubs in _PREFIXES:
        if name.startswith(ours):
            return hubs + name.removeprefix(ours)
    return name


def expanded(stored: dict[str, torch.Tensor], quantization: dict[str, Any]) -> dict[str, torch.Tensor]:
    """All tensors in float32, those with scales unpacked."""
    weights = {}
    for name, tensor in stored.items():
        module, _, kind = name.rpartition(".")
        if kind in ("scales", "biases"):
            continue
        if kind == "weight" and f"{module}.scales" in stored:
            packing = quantization.get(module) or quantization
            weights[name] = unpacked(tensor, stored[f"{module}.scales"], stored[f"{module}.biases"], packing)
        else:
            weights[name] = tensor.float()
    return weights


def unpacked(words: torch.Tensor, scales: torch.Tensor, biases: torch.Tensor, packing: dict[str, Any]) -> torch.Tensor:
    """uint32 [rows, n] with scales and biases [rows, groups] -> float32 [rows, groups * group_size]."""
    bits = packing["bits"]
    octets = words.contiguous().view(torch.uint8)
    single = (octets[..., None] >> torch.arange(8, dtype=torch.uint8)) & 1
    runs = single.reshape(len(words), -1, bits).to(torch.int32)
    numbers = (runs << torch.arange(bits, dtype=torch.int32)).sum(-1).float()
    grouped = numbers.reshape(*scales.shape, packing["group_size"])
    return (grouped * scales.float()[..., None] + biases.float()[..., None]).reshape(len(words), -1)
