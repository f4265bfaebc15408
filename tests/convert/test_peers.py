"""Folders that we write are read by mlx-vlm and mlx-lm, which get the same logits from them.

Each runs in a process of its own: their imports warn, and warnings are errors here. mlx-vlm comes with the extra
`peer`; without it its tests are skipped.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

import mlx_model
from convert.recipe import Recipe
from tests.checkpoints import write_checkpoint
from tests.convert.bare import convert
from tests.gguf_files import write_gguf

IDS = [5, 6, 9, 80, 30, 31, 40]

THEIRS = """
import sys
import mlx_model  # the BLAS library first, as for ours
import mlx.core as mx
import numpy as np
from pathlib import Path
from {package}.utils import load_model
loaded = load_model(Path(sys.argv[1]))
model = loaded[0] if isinstance(loaded, tuple) else loaded
model.set_dtype(mx.float32)  # the packed weights stay packed, the arithmetic is ours
inputs = np.load(sys.argv[2])
if "pixels" not in inputs.files:
    model = getattr(model, "language_model", model)
output = model(*(mx.array(inputs[name]) for name in inputs.files))
np.save(sys.argv[3], np.array(getattr(output, "logits", output)))
"""


def their_logits(package: str, folder: Path, scratch: Path, root: Path, **inputs: np.ndarray) -> np.ndarray:
    if find_spec(package) is None:
        pytest.skip(f"needs {package}")
    np.savez(scratch / "inputs.npz", **inputs)  # type: ignore[arg-type]
    files = [str(folder), str(scratch / "inputs.npz"), str(scratch / "out.npy")]
    command = [sys.executable, "-c", THEIRS.format(package=package), *files]
    ended = subprocess.run(command, cwd=root, capture_output=True, timeout=100, text=True)
    assert ended.returncode == 0, ended.stderr
    logits: np.ndarray = np.load(scratch / "out.npy")
    return logits


def assert_same(theirs: np.ndarray, ours: np.ndarray, tolerance: float = 1e-4) -> None:
    assert np.abs(theirs - ours).max() < tolerance * np.ptp(ours)
    np.testing.assert_array_equal(theirs.argmax(-1), ours.argmax(-1))


@pytest.mark.slow
@pytest.mark.parametrize("bits", [4, 16])
def test_mlx_vlm_sees_a_picture_with_our_weights_as_we_do(tmp_path: Path, root: Path, bits: int) -> None:
    folder = convert(write_checkpoint(tmp_path / "source", "256m"), tmp_path / "out", Recipe(bits)).folder
    checkpoint = mlx_model.load(folder)
    config = checkpoint.config
    assert config.vision is not None and config.image_token_id is not None
    tile = config.vision.image_size
    pixels = np.random.default_rng(0).standard_normal((1, 1, 3, tile, tile), dtype=np.float32)
    ids = np.array([[5, 6, *[config.image_token_id] * config.tokens_per_tile, 30, 31, 40]])

    theirs = their_logits("mlx_vlm", folder, tmp_path, root, ids=ids, pixels=pixels)

    # Its last LayerNorm has an epsilon of 1e-5 where the reference has 1e-6.
    assert_same(theirs, np.array(checkpoint.model(mx.array(ids), mx.array(pixels))), tolerance=2e-3)


@pytest.mark.slow
def test_mlx_vlm_reads_a_width_that_stayed_unpacked(tmp_path: Path, root: Path) -> None:
    """Words alone: its encoder places the patches of a 27 x 27 grid elsewhere than the reference."""
    folder = convert(write_checkpoint(tmp_path / "source", "2.2b-v1"), tmp_path / "out").folder
    checkpoint = mlx_model.load(folder)

    theirs = their_logits("mlx_vlm", folder, tmp_path, root, ids=np.array([IDS]))

    assert_same(theirs, np.array(checkpoint.model(mx.array([IDS]))))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["folder", "gguf"])
def test_mlx_lm_reads_a_model_of_words_alone_as_we_do(tmp_path: Path, root: Path, form: str) -> None:
    if form == "gguf":
        write_gguf(tmp_path / "source.gguf")
        folder = convert(tmp_path / "source.gguf", tmp_path / "out").folder
    else:
        folder = convert(write_checkpoint(tmp_path / "source", "smollm2"), tmp_path / "out").folder

    theirs = their_logits("mlx_lm", folder, tmp_path, root, ids=np.array([IDS]))

    assert_same(theirs, np.array(mlx_model.load(folder).model(mx.array([IDS]))))


TRANSFORMERS = """
import sys
import numpy as np
import torch
from transformers import AutoModelForImageTextToText, AutoModelForCausalLM
inputs = {name: torch.from_numpy(array) for name, array in np.load(sys.argv[2]).items()}
kind = AutoModelForImageTextToText if "pixel_values" in inputs else AutoModelForCausalLM
model, loading = kind.from_pretrained(sys.argv[1], dtype=torch.float32, output_loading_info=True)
assert not any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), loading
with torch.no_grad():
    np.save(sys.argv[3], model.eval()(**inputs).logits.numpy())
"""


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["256m", "smollm2"])
def test_transformers_reads_the_hubs_form_that_came_of_packed_weights(tmp_path: Path, root: Path, preset: str) -> None:
    if find_spec("transformers") is None or find_spec("torch") is None:
        pytest.skip("needs transformers and torch")
    packed = convert(write_checkpoint(tmp_path / "source", preset), tmp_path / "4bit").folder
    folder = convert(packed, tmp_path / "hub", Recipe(16), target="hub").folder
    checkpoint = mlx_model.load(folder)
    ids, inputs = [IDS], {"input_ids": np.array([IDS])}
    pixels = None
    if checkpoint.config.vision is not None:
        tile, count = checkpoint.config.vision.image_size, checkpoint.config.tokens_per_tile
        pixels = np.random.default_rng(0).standard_normal((1, 1, 3, tile, tile), dtype=np.float32)
        ids = [[5, 6, *[checkpoint.config.image_token_id or 0] * count, 30, 31, 40]]
        inputs = {"input_ids": np.array(ids), "pixel_values": pixels}

    np.savez(tmp_path / "inputs.npz", **inputs)  # type: ignore[arg-type]
    files = [str(folder), str(tmp_path / "inputs.npz"), str(tmp_path / "out.npy")]
    ended = subprocess.run([sys.executable, "-c", TRANSFORMERS, *files], capture_output=True, timeout=110, text=True)
    assert ended.returncode == 0, ended.stderr
    ours = checkpoint.model(mx.array(ids), None if pixels is None else mx.array(pixels))
    assert_same(np.load(tmp_path / "out.npy"), np.array(ours), tolerance=1e-4)
