"""Writes tests/parity/fixtures/logits: the reference's logits for small seeded checkpoints, and the stages before them.

    python -m tools.parity.logits

Runs transformers in float32 and stores what came out: group `parity` of pyproject.toml.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

from tests.parity.logit_cases import CASES, Case, columns, digest, inputs, sample


def main() -> None:
    for case in CASES:
        with tempfile.TemporaryDirectory() as scratch:
            stored = reference(case, Path(scratch))
        case.file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(case.file, allow_pickle=False, **stored)
        print(f"{case.file.name}: {len(stored['argmax'])} positions, {case.file.stat().st_size / 1000:.0f} kB")


def reference(case: Case, folder: Path) -> dict[str, Any]:
    """What transformers makes of a case, stage by stage; `logits` at `columns` only."""
    case.write(folder)
    ids, pixels = inputs(case.config)
    if pixels is None:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        logits, stages = run(model, {"input_ids": torch.tensor(ids)}), {}
    else:
        model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
        stages = watch(model)
        logits = run(model, {"input_ids": torch.tensor(ids), "pixel_values": torch.tensor(pixels)})
    return {
        "digest": digest(case.config),
        "logits": logits[:, columns(logits.shape[1])].numpy(),
        "argmax": logits.argmax(-1).numpy().astype(np.int16),
        "logsumexp": logits.logsumexp(-1).numpy(),
        "range": np.float32(logits.max() - logits.min()),
    } | {stage: sample(value.numpy()) for stage, value in stages.items()}


def run(model: Any, arguments: dict[str, torch.Tensor]) -> torch.Tensor:
    """Logits [L, vocabulary] of the first sequence."""
    with torch.no_grad():
        return model(**arguments).logits[0]


def watch(model: Any) -> dict[str, torch.Tensor]:
    """Fills as the model runs: the encoder's features, the connector's image tokens, the merged embeddings."""
    stages: dict[str, torch.Tensor] = {}

    def keep_features(module: Any, args: Any, output: Any) -> None:
        stages["features"] = output.last_hidden_state

    def keep_tokens(module: Any, args: Any, output: torch.Tensor) -> None:
        stages["image_tokens"] = output

    def keep_embeddings(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        stages["embeddings"] = kwargs["inputs_embeds"]

    model.model.vision_model.register_forward_hook(keep_features)
    model.model.connector.register_forward_hook(keep_tokens)
    model.model.text_model.register_forward_pre_hook(keep_embeddings, with_kwargs=True)
    return stages


if __name__ == "__main__":
    main()
