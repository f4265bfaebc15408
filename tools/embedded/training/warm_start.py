"""Starts a run from a folder that ships (packed) or one in the hub's form, so that what was learned is not lost.

The tokenizer comes along unchanged: new words are spelled by its pieces. The helpers ship nowhere: the heads that name
what image tokens show are fitted anew to the tokens, and the others to the decoder's inside, before anything is trained
any further.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import SmolVLMForConditionalGeneration

from tools.embedded.training.heads import NETWORK, CellHeads
from tools.embedded.training.lessons import Lesson
from tools.embedded.training.stages import Form
from tools.parity.hub_form import PATCHES, expanded, hub_name

FIT_STEPS = 400
FIT_TOKENS = 1024  # a step
FIT_RATE = 0.01


def copy_tokenizer(folder: Path, run: Path) -> None:
    shutil.copy(folder / "tokenizer.json", run / "tokenizer.json")


def load_weights(folder: Path, model: SmolVLMForConditionalGeneration) -> None:
    """Puts the folder's weights into `model`; RuntimeError names what is missing or does not fit."""
    model.load_state_dict(read_weights(folder))


def weights_of(folder: Path) -> dict[str, Tensor]:
    """A run's, helpers too, or those of a folder that ships, by the names that they have in `Trained`."""
    if (folder / "checkpoint.pt").exists():
        trained: dict[str, Tensor] = torch.load(folder / "checkpoint.pt", weights_only=True)["trained"]
        return trained
    return {NETWORK + name: value for name, value in read_weights(folder).items()}


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The folder's weights in float32, by the names and in the layouts that transformers has."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stored = {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(file).items()}
    weights = {hub_name(name): tensor for name, tensor in expanded(stored, config.get("quantization", {})).items()}
    if weights[PATCHES].shape[-1] == 3:  # MLX keeps a patch's channels last
        weights[PATCHES] = weights[PATCHES].permute(0, 3, 1, 2)
    return weights


def fit_heads(heads: CellHeads, features: Tensor, labels: Sequence[Tensor], seed: int) -> float:
    """Fits the heads to image tokens [N, D] with their labels, in the order of `Cells`; returns the last loss."""
    random = torch.Generator().manual_seed(seed)

    def loss_of(_: int) -> Tensor:
        chosen = torch.randint(len(features), (FIT_TOKENS,), generator=random)
        return heads(features[chosen], *(part[chosen] for part in labels))

    return descend(torch.optim.AdamW(heads.parameters(), lr=FIT_RATE, weight_decay=1e-3), FIT_STEPS, loss_of)


def fit_helpers(lesson: Lesson, forms: Sequence[Form]) -> float:
    """Fits the helpers over the decoder's inside to a batch of each form, the model held still; returns the last loss.

    Beginning anew beside a trained decoder they would pull it about before they tell anything.
    """
    for held in (lesson.trained.model, lesson.trained.heads):
        held.requires_grad_(False)
    optimizer = torch.optim.AdamW([one for one in lesson.trained.parameters() if one.requires_grad], lr=FIT_RATE)
    loss = descend(optimizer, len(forms), lambda step: lesson.answer(forms[step], 1.0))
    lesson.trained.requires_grad_(True)
    return loss


def descend(optimizer: torch.optim.Optimizer, steps: int, loss_of: Callable[[int], Tensor]) -> float:
    """So many steps down the losses, at a rate that falls to a hundredth; returns the last loss."""
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    for step in range(steps):
        loss = loss_of(step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
    return float(loss.detach())
