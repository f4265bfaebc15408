"""A batch teaches the answers alone; a run begins where a shipped folder ends. Needs the `parity` group."""

import numpy as np
import pytest

import assets

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
pytest.importorskip("transformers")

from tools.embedded.arithmetic import faster_dtype, products_in  # noqa: E402
from tools.embedded.batches import Maker  # noqa: E402
from tools.embedded.exhibits import MAKERS  # noqa: E402
from tools.embedded.labels import HALVES, IGNORE, PARTS  # noqa: E402
from tools.embedded.lessons import by_answer  # noqa: E402
from tools.embedded.model import CellHeads, Shape, build_config, build_model  # noqa: E402
from tools.embedded.scenes import Knobs, World  # noqa: E402
from tools.embedded.stages import RECIPES, Form  # noqa: E402
from tools.embedded.tokenizer import load_tokenizer, token_ids  # noqa: E402
from tools.embedded.training_log import TASKS  # noqa: E402
from tools.embedded.warm_start import fit_heads, load_weights  # noqa: E402

EMBEDDED = assets.path("embedded")
TOKENIZER = EMBEDDED / "tokenizer.json"
FORMS = {
    form.name + form.kinds[0][0]: form for recipe in RECIPES.values() for stage in recipe for form, _ in stage.forms
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_batch_asks_for_whole_answers_and_nothing_else(world: World, form: Form) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    batch = maker.batch(form, Knobs(), TASKS.index)
    assert batch.ids.shape == (form.exhibits, form.length)
    assert len(batch.places) == 16 * len(batch.pixels)
    following = batch.ids.flatten().roll(-1)[batch.asked]
    assert torch.equal(following, batch.targets)
    assert not (batch.targets == maker.image_id).any()
    for owner in batch.owners.unique():
        answer = maker.tokenizer.decode(batch.targets[batch.owners == owner].tolist(), skip_special_tokens=False)
        assert answer.startswith(" ") and answer.endswith("<end_of_utterance>")
    assert batch.owners.unique().numel() >= form.exhibits
    assert (batch.segments[:, 0] == 0).all() and (batch.positions.max() < 4096)


@pytest.mark.parametrize("kind", MAKERS)
def test_every_task_of_every_exhibit_has_a_line_in_the_log(world: World, kind: str) -> None:
    for seed in range(40):
        exhibit = MAKERS[kind](world, np.random.default_rng(seed), (128, 128), Knobs(), 2)
        assert {question.task for turns in exhibit.conversations for question in turns} <= set(TASKS)


def test_a_shipped_folder_gives_its_own_weights_unpacked() -> None:
    ids = token_ids(load_tokenizer(TOKENIZER))
    model = build_model(build_config(Shape(), ids), seed=3)
    load_weights(EMBEDDED, model)
    weight = model.model.text_model.layers[0].self_attn.q_proj.weight
    assert weight.dtype == torch.float32 and 10 < weight.unique().numel() / 256 <= 1024  # 4 groups of 256 steps a row
    assert model.model.vision_model.embeddings.patch_embedding.weight.shape == (256, 3, 16, 16)


def test_heads_are_fitted_to_patches_that_can_be_told_apart() -> None:
    random = torch.Generator().manual_seed(0)
    centres = 3 * torch.randn(5, 16, generator=random)
    labels = torch.randint(0, 5, (4000,), generator=random)
    patches = centres[labels] + 0.1 * torch.randn(4000, 16, generator=random)
    letters = torch.full((4000, HALVES, 2), IGNORE)
    letters[:2000, :, 0], letters[:2000, :, 1] = labels[:2000, None], labels[:2000, None] % PARTS
    assert fit_heads(CellHeads(16, 5, 5), patches, labels, letters, seed=0) < 0.05


def test_the_arithmetic_chosen_is_not_the_slower_one() -> None:
    faster = faster_dtype()
    other = ({torch.float32, torch.bfloat16} - {faster}).pop()
    assert products_in(faster, 0.05) > 0.6 * products_in(other, 0.05)


def test_a_short_answer_counts_for_more_than_its_tokens() -> None:
    owners = torch.tensor([1] * 4 + [2] * 16)
    losses = torch.where(owners == 1, 3.0, 0.0)
    assert by_answer(losses, owners).item() == pytest.approx(3 * 2 / (2 + 4))
    assert by_answer(torch.full_like(losses, 0.7), owners).item() == pytest.approx(0.7)
