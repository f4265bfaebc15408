"""SmolVLM from a pair of GGUF files: the numbers, prompts and pictures of the hub's folder, or a sentence.

No published pair was at hand: the files are made here, by the names that the `gguf` package lists.
"""

from functools import cache
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from PIL import Image

from convert.recipe import Recipe
from mlx_model.errors import ConversionError, ModelError, RefusedError
from mlx_model.loading.checkpoint import Checkpoint, load
from mlx_model.media.images import cut_tiles, plan
from mlx_model.prompting.prompt import Message, Picture, Text, build_prompt
from tests.checkpoints import model_config, tensors, write_configs
from tests.convert.bare import convert
from tests.gguf_files import F32, STRING, U32, Changes, write_gguf
from tests.gguf_pairs import gguf_name, write_pair
from tests.safetensors_files import save_tensors


@cache
def weights_of(preset: str) -> dict[str, np.ndarray]:
    return tensors(model_config(preset))


def hub_folder(folder: Path, preset: str, weights: dict[str, np.ndarray]) -> Checkpoint:
    """The same numbers as the hub would have them, in float32."""
    write_configs(folder, preset, model_config(preset))
    save_tensors(folder, weights)
    return load(folder)


def logits(checkpoint: Checkpoint, seed: int = 0) -> np.ndarray:
    """Of a picture of noise and some words."""
    config = checkpoint.config
    assert config.vision is not None and config.image_token_id is not None
    tile = config.vision.image_size
    pixels = np.random.default_rng(seed).standard_normal((1, 1, 3, tile, tile), dtype=np.float32)
    ids = [[5, 6, *[config.image_token_id] * config.tokens_per_tile, 30, 31, 40]]
    return np.array(checkpoint.model(mx.array(ids), mx.array(pixels)))


@pytest.mark.parametrize(
    ("preset", "matrices", "swapped"),
    [("256m", "F32", False), ("256m", "Q8_0", True), ("256m", "BF16", False), ("2.2b", "F16", True)],
)
def test_a_pair_gives_the_logits_of_the_hubs_folder(tmp_path: Path, preset: str, matrices: str, swapped: bool) -> None:
    decoder, mmproj, held = write_pair(
        tmp_path / "pair", preset, weights_of(preset), matrices=matrices, swapped=swapped
    )

    convert(decoder, tmp_path / "out", mmproj=mmproj)

    expected = logits(hub_folder(tmp_path / "hub", preset, held))
    np.testing.assert_allclose(logits(load(tmp_path / "out")), expected, atol=1e-6 * np.ptp(expected))


def test_a_pair_packed_anew_is_held_to_its_own_numbers(tmp_path: Path) -> None:
    decoder, mmproj, held = write_pair(tmp_path / "pair", "256m", weights_of("256m"))

    result = convert(decoder, tmp_path / "out", Recipe(8), mmproj=mmproj, check=True, greedy=False)

    assert result.report.checked is not None and result.report.checked.kl_per_token < 0.01
    assert result.bytes_before == pytest.approx(2 * sum(array.size for array in held.values()), rel=0.1)
    assert {"vision", "connector", "decoder"} <= result.report.parts.keys()


def test_pictures_and_prompts_are_those_of_the_hubs_folder(tmp_path: Path) -> None:
    decoder, mmproj, held = write_pair(tmp_path / "pair", "256m", weights_of("256m"))

    ours = load(convert(decoder, tmp_path / "out", mmproj=mmproj).folder)

    hub = hub_folder(tmp_path / "hub", "256m", held)
    assert (ours.image_config, ours.stop_ids) == (hub.image_config, hub.stop_ids)
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 150, 3), dtype=np.uint8))
    conversation = [Message("user", (Picture(image), Text("What is at\n\nrow 12?")))]
    prompts = []
    for one in (ours, hub):
        assert one.image_config is not None
        plans = [plan(image.width, image.height, "high", one.image_config)]
        assert len(cut_tiles(image, plans[0], one.image_config)) > 1
        prompts.append(build_prompt(conversation, plans, one.template, one.tokenizer, one.config))
    assert prompts[0].ids == prompts[1].ids


def test_a_long_edge_that_the_file_states_is_taken(tmp_path: Path) -> None:
    changes: Changes = {"clip.vision.preproc_image_size": (U32, 192)}
    decoder, mmproj, _ = write_pair(tmp_path / "pair", "256m", weights_of("256m"), encoder_changes=changes)

    image_config = load(convert(decoder, tmp_path / "out", mmproj=mmproj).folder).image_config

    assert image_config is not None and (image_config.tile, image_config.high) == (64, 3)


def test_the_names_are_those_of_the_gguf_package() -> None:
    """llama.cpp's own list; not installed by `make setup`."""
    gguf = pytest.importorskip("gguf")
    maps = {arch: gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, arch), 2).get_name for arch in ("LLAMA", "MMPROJ")}

    for name in weights_of("256m"):
        arch = "MMPROJ" if name.startswith(("model.vision_model.", "model.connector.")) else "LLAMA"
        known = name.replace("model.text_model.", "model.")
        assert maps[arch](known, try_suffixes=(".weight", ".bias")) == gguf_name(name)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"general.architecture": (STRING, "llama")}, "no mmproj file"),
        ({"clip.projector_type": (STRING, "mlp")}, "projector of the type 'mlp'"),
        ({"clip.projector_type": None}, "projector of the type None"),
        ({"clip.vision.block_count": (U32, 3)}, "'clip.vision.block_count' is 3, the file has 2 layers"),
        ({"clip.vision.block_count": (U32, 2**31 - 1)}, "the file has 2 layers"),
        ({"clip.vision.image_size": None}, "'clip.vision.image_size' is None"),
        ({"clip.vision.patch_size": (U32, 0)}, "'clip.vision.patch_size' is 0"),
        ({"clip.vision.patch_size": (U32, 8)}, r"patch_embedding.weight is \[64, 4, 4, 3\]"),
        ({"clip.vision.attention.head_count": (U32, 7)}, "does not fit"),
        ({"clip.vision.projector.scale_factor": (U32, 5)}, "does not fit"),
        ({"clip.vision.projector.scale_factor": (U32, 2)}, "modality_projection.proj.weight"),
        ({"clip.vision.image_mean": (F32, [0.5])}, "'clip.vision.image_mean'"),
        ({"clip.vision.image_std": (STRING, "half")}, "'clip.vision.image_std'"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused_and_nothing_is_left(
    tmp_path: Path, changes: Changes, words: str
) -> None:
    decoder, mmproj, _ = write_pair(tmp_path, "256m", weights_of("256m"), encoder_changes=changes)

    with pytest.raises(ModelError, match=words) as raised:
        convert(decoder, tmp_path / "out", mmproj=mmproj)
    assert mmproj.name in str(raised.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == [mmproj.name, decoder.name]


def test_the_half_that_sees_is_no_source_by_itself(tmp_path: Path) -> None:
    _, mmproj, _ = write_pair(tmp_path, "256m", weights_of("256m"))

    with pytest.raises(RefusedError, match="half that sees: convert the other one, and name this with --mmproj"):
        convert(mmproj, tmp_path / "out")


def test_a_decoder_that_knows_no_pictures_takes_no_encoder(tmp_path: Path) -> None:
    _, mmproj, _ = write_pair(tmp_path, "256m", weights_of("256m"))
    write_gguf(tmp_path / "SmolLM2.gguf")

    with pytest.raises(RefusedError, match="no token <image>"):
        convert(tmp_path / "SmolLM2.gguf", tmp_path / "out", mmproj=mmproj)


def test_an_encoder_beside_a_folder_is_refused(tmp_path: Path) -> None:
    _, mmproj, held = write_pair(tmp_path / "pair", "256m", weights_of("256m"))
    hub_folder(tmp_path / "hub", "256m", held)

    with pytest.raises(ConversionError, match=r"goes with a \.gguf file"):
        convert(tmp_path / "hub", tmp_path / "out", mmproj=mmproj)


def test_an_encoder_cut_anywhere_is_reported(tmp_path: Path) -> None:
    decoder, mmproj, _ = write_pair(tmp_path, "256m", weights_of("256m"))
    content = mmproj.read_bytes()

    for size in [*range(0, 1500, 97), len(content) // 2, len(content) - 40]:
        mmproj.write_bytes(content[:size])
        with pytest.raises(ModelError, match=mmproj.name):
            convert(decoder, tmp_path / "out", mmproj=mmproj)
