"""The optimizer: Muon for the layers' matrices, AdamW for everything else, with its state in plain tensors.

Muon (https://kellerjordan.github.io/posts/muon/) replaces a matrix's momentum by its nearest orthogonal matrix, found
by five Newton-Schulz steps. It lets attention's scores grow until a softmax is all but a choice and learns nothing
more, so queries are scaled down where they do (MuonClip, https://arxiv.org/abs/2507.20534, section 2.1).

State and parameters may live in shared memory: each worker updates its own share.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PEAK = 20.0  # at a hundred, which the first editions had, the loss of held-out pictures is 5 % above that at 15 to 25


@dataclass(frozen=True)
class Rates:
    muon: float = 0.02
    adam: float = 2e-3
    momentum: float = 0.95
    betas: tuple[float, float] = (0.9, 0.95)
    decay: float = 0.01
    dtype: torch.dtype = torch.float32  # of Muon's products


class Slot:
    """One parameter with its state and its place in a flat tensor of all gradients.

    `cost` is what an update takes, to share the work fairly.
    """

    def __init__(self, name: str, parameter: nn.Parameter, start: int) -> None:
        self.name, self.parameter = name, parameter
        self.start, self.end = start, start + parameter.numel()
        self.is_matrix = parameter.ndim == 2 and ".layers." in name
        self.momentum = torch.zeros_like(parameter).share_memory_()
        self.square = None if self.is_matrix else torch.zeros_like(parameter).share_memory_()
        self.cost = parameter.numel() * (min(parameter.shape) if self.is_matrix else 1)

    def update(self, gradient: Tensor, rates: Rates, factor: float, step: int) -> None:
        """Takes one step; `factor` scales both learning rates, `step` counts from 1."""
        weight = self.parameter.data
        if self.square is None:
            self.momentum.lerp_(gradient, 1 - rates.momentum)
            direction = orthogonal(gradient.lerp(self.momentum, rates.momentum), rates.dtype)
            rate = rates.muon * factor
            weight.mul_(1 - rate * rates.decay)
            weight.add_(direction, alpha=-rate * max(1, weight.shape[0] / weight.shape[1]) ** 0.5)
            return
        first, second = rates.betas
        self.momentum.lerp_(gradient, 1 - first)
        self.square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        scale = (self.square / (1 - second**step)).sqrt_().add_(1e-8)
        weight.addcdiv_(self.momentum, scale, value=-rates.adam * factor / (1 - first**step))

    def part_of(self, flat: Tensor) -> Tensor:
        """This parameter's part of a flat tensor, in its shape, without a copy."""
        return flat[self.start : self.end].view_as(self.parameter)

    def state(self) -> dict[str, Tensor]:
        return {"momentum": self.momentum} | ({} if self.square is None else {"square": self.square})

    def load_state(self, state: dict[str, Tensor]) -> None:
        self.momentum.copy_(state["momentum"])
        if self.square is not None:
            self.square.copy_(state["square"])


def cap_scores(queries: Tensor, peaks: Tensor) -> None:
    """Scales each head's part of a query matrix, so that its largest score, peaks [heads], is PEAK at most."""
    heads = queries.unflatten(0, (len(peaks), -1))
    heads.mul_((PEAK / peaks).clamp_max(1.0)[:, None, None])


def make_slots(module: nn.Module) -> list[Slot]:
    """One slot a parameter, laid out one after the other."""
    slots: list[Slot] = []
    for name, parameter in module.named_parameters():
        slots.append(Slot(name, parameter, slots[-1].end if slots else 0))
    return slots


def orthogonal(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """Five quintic Newton-Schulz steps in `dtype` towards U V^T of the matrix's singular value decomposition."""
    x = matrix.to(dtype)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.T if tall else x).float()


def share_out(slots: list[Slot], workers: int) -> list[list[Slot]]:
    """Splits the slots so that every worker has about the same work."""
    shares: list[list[Slot]] = [[] for _ in range(workers)]
    load = [0] * workers
    for slot in sorted(slots, key=lambda slot: -slot.cost):
        lightest = load.index(min(load))
        shares[lightest].append(slot)
        load[lightest] += slot.cost
    return shares
