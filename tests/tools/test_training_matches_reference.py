"""What training computes is what transformers computes: logits, tiles and prompts. Needs the `parity` group."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tiles = pytest.importorskip("tools.embedded.training.tiles")

from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string  # noqa: E402

from tools.embedded.results.export import export  # noqa: E402
from tools.embedded.training.model import Forward, Shape, attention_mask, build_config, build_model  # noqa: E402
from tools.embedded.training.tokenizer import token_ids, train_tokenizer  # noqa: E402

SENTENCES = ["User:Describe this image.\nAssistant: A cat at the left and a dog at the right."] * 3


@pytest.fixture(scope="module")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub-form folder with seeded random weights."""
    run = tmp_path_factory.mktemp("run")
    train_tokenizer(SENTENCES, 400).save(str(run / "tokenizer.json"))
    export(run, run / "hub", random=True)
    return run / "hub"


@pytest.mark.slow
@pytest.mark.parametrize("size", [(256, 256), (256, 128), (320, 240), (120, 300), (100, 100), (640, 480)])
def test_split_tiles_and_prompt_equal_the_reference_processor(hub_folder: Path, size: tuple[int, int]) -> None:
    processor = transformers.AutoImageProcessor.from_pretrained(hub_folder, backend="pil")
    noise = np.random.default_rng(1).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    reference = processor([[picture]], return_row_col_info=True, return_tensors="np")
    tiled = tiles.cut_tiles(picture, 256, 128)
    assert reference["pixel_values"][0].shape == tiled.pixels.shape
    assert np.abs(reference["pixel_values"][0] - (tiled.pixels / 127.5 - 1)).max() < 1e-5
    rows, columns = reference["rows"][0][0], reference["cols"][0][0]
    prompt = get_image_prompt_string(rows, columns, 16, "<fake_token_around_image>", "<image>", "<global-img>")
    assert tiles.image_prompt(tiled.rows, tiled.columns, 16) == prompt


@pytest.mark.slow
def test_packed_questions_give_the_logits_of_separate_ones(hub_folder: Path) -> None:
    model = transformers.AutoModelForImageTextToText.from_pretrained(hub_folder, dtype=torch.float32).eval()
    image = model.config.image_token_id
    torch.manual_seed(0)
    pixels = torch.randn(1, 1, 3, 128, 128)
    prefix = [1, 5, 6, *[image] * 16, 7]
    first, second = [8, 9, 10, 11], [12, 13, 14]
    start = len(prefix)
    ids = torch.tensor([prefix + first + second])
    segments = torch.tensor([[0] * start + [1] * 4 + [2] * 3])
    positions = torch.tensor([[*range(start), *range(start, start + 4), *range(start, start + 3)]])
    forward = Forward(model, Shape())
    with torch.no_grad():
        features = forward.connect(forward.encode(pixels[0]))
        places = (ids.flatten() == image).nonzero()[:, 0]
        packed = model.lm_head(forward.decode(ids, features, places, positions, attention_mask(segments)).hidden)[0]
        for question, span in ((first, slice(start, start + 4)), (second, slice(start + 4, start + 7))):
            alone = model(input_ids=torch.tensor([prefix + question]), pixel_values=pixels).logits[0, start:]
            assert (alone - packed[span]).abs().max() < 2e-3 * (alone.max() - alone.min())


def test_config_states_what_the_model_is_built_from(hub_folder: Path) -> None:
    config = transformers.AutoConfig.from_pretrained(hub_folder)
    tokenizer = train_tokenizer(SENTENCES, 400)
    built = build_model(build_config(Shape(), token_ids(tokenizer)), seed=0).config
    assert config.text_config.to_diff_dict() == built.text_config.to_diff_dict()
    assert config.vision_config.to_diff_dict() == built.vision_config.to_diff_dict()
