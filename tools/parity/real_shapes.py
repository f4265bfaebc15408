"""Logits at the published sizes, ours beside the reference's, both in float32 from one file of seeded bfloat16 weights.

    python -m tools.parity.real_shapes [256m] [2.2b] [--scratch FOLDER]

Too large for the test suite: the 2.2B takes 5 GB of disk and 14 GB of memory. The two sides run one after the other,
each in a process of its own, so that only one model is in memory. Group `parity` of pyproject.toml.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from tests.checkpoints import PRESETS, model_config, stream_tensors, tensor_shapes, write_configs
from tests.parity.logit_cases import inputs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["256m", "2.2b"], help=", ".join(PRESETS))
    parser.add_argument("--scratch", type=Path, help="where the weights are written for the time being")
    given = parser.parse_args()
    for preset in given.presets:
        with tempfile.TemporaryDirectory(dir=given.scratch) as folder:
            report(preset, Path(folder))


def report(preset: str, folder: Path) -> None:
    """Prints one line for each side, and one that compares them."""
    alone(write_real, folder, preset)
    ours, reference = alone(our_logits, folder, preset), alone(reference_logits, folder, preset)
    difference = float(np.abs(ours - reference).max() / np.ptp(reference))
    agreement = float((ours.argmax(-1) == reference.argmax(-1)).mean())
    print(
        f"{preset}: {len(ours)} positions, largest difference {difference:.1e} of the logits' range, "
        f"same arg-max at {agreement:.2%}",
        flush=True,
    )


def alone(work: Callable[[Path, str], np.ndarray], folder: Path, preset: str) -> np.ndarray:
    """What `work` returns, from a process of its own that prints its time and its memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        start = time.perf_counter()
        result = pool.submit(work, folder, preset).result()
        seconds, peak = time.perf_counter() - start, pool.submit(peak_memory_gb).result()
    print(f"{preset}: {work.__name__} took {seconds:.0f} s and {peak:.1f} GB at most", flush=True)
    return result


def peak_memory_gb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def write_real(folder: Path, preset: str) -> np.ndarray:
    """The checkpoint, one tensor in memory at a time; returns how many weights it has."""
    import mlx_model  # noqa: F401, I001 (the BLAS library comes before MLX)
    import mlx.core as mx
    from convert.shards import Job, TensorSpec, write_shards

    config = model_config(preset, real_size=True)
    write_configs(folder, preset, config)
    values = (mx.array(array).astype(mx.bfloat16) for _, array in stream_tensors(config))
    jobs = [
        Job((TensorSpec(name, shape, "BF16"),), lambda _: (next(values),))
        for name, shape in tensor_shapes(config).items()
    ]
    write_shards(folder, jobs, lambda done, total: None)
    return np.array([np.prod(shape, dtype=int) for shape in tensor_shapes(config).values()])


def our_logits(folder: Path, preset: str) -> np.ndarray:
    """[L, vocabulary]"""
    import mlx_model  # noqa: I001 (the BLAS library comes before MLX)
    import mlx.core as mx

    model = mlx_model.load(folder).model
    ids, pixels = inputs(model_config(preset, real_size=True))
    return np.asarray(model(mx.array(ids), None if pixels is None else mx.array(pixels))[0])


def reference_logits(folder: Path, preset: str) -> np.ndarray:
    """[L, vocabulary]"""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    ids, pixels = inputs(model_config(preset, real_size=True))
    kind = AutoModelForCausalLM if pixels is None else AutoModelForImageTextToText
    model = kind.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        seen = {} if pixels is None else {"pixel_values": torch.tensor(pixels)}
        return np.asarray(model(input_ids=torch.tensor(ids), **seen).logits[0].numpy())


if __name__ == "__main__":
    main()
