"""Starts a run from a folder that ships (packed) or one in the hub's form, so that what was learned is not lost.

The tokenizer comes along unchanged: new words are spelled by its pieces. The heads that name patches ship nowhere; they
are fitted anew to what the encoder shows, before it is trained any further.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import SmolVLMForConditionalGeneration

from tools.embedded.labels import IGNORE
from tools.embedded.model import CellHeads
from tools.parity.hub_form import PATCHES, expanded, hub_name

FIT_STEPS = 400
FIT_PATCHES = 2048  # a step
FIT_RATE = 0.01


def copy_tokenizer(folder: Path, run: Path) -> None:
    shutil.copy(folder / "tokenizer.json", run / "tokenizer.json")


def load_weights(folder: Path, model: SmolVLMForConditionalGeneration) -> None:
    """Puts the folder's weights into `model`, in float32; RuntimeError names what is missing or does not fit."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stored = {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(file).items()}
    weights = {hub_name(name): tensor for name, tensor in expanded(stored, config.get("quantization", {})).items()}
    if weights[PATCHES].shape[-1] == 3:  # MLX keeps a patch's channels last
        weights[PATCHES] = weights[PATCHES].permute(0, 3, 1, 2)
    model.load_state_dict(weights)


def fit_heads(heads: CellHeads, patches: Tensor, things: Tensor, letters: Tensor, seed: int) -> float:
    """Fits the heads to encoded patches [N, D] with the labels of each; returns the loss of the last step."""
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(heads.parameters(), lr=FIT_RATE, weight_decay=1e-3)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, FIT_STEPS)
    useful = ((things != IGNORE) | (letters[..., 0] != IGNORE).any(dim=1)).nonzero()[:, 0]
    for _ in range(FIT_STEPS):
        chosen = useful[torch.randint(len(useful), (FIT_PATCHES,), generator=random)]
        loss = heads(patches[chosen], things[chosen], letters[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
    return float(loss.detach())
