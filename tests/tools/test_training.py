"""A batch teaches the answers alone; a run begins where a shipped folder ends. Needs the `parity` group."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import assets

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
pytest.importorskip("transformers")

from tools.embedded.training.arithmetic import faster_dtype, products_in  # noqa: E402
from tools.embedded.training.batches import Batch, Maker, by_token  # noqa: E402
from tools.embedded.training.heads import CellHeads, Trained  # noqa: E402
from tools.embedded.training.hints import changed, only, pointing  # noqa: E402
from tools.embedded.training.lessons import Lesson, by_answer  # noqa: E402
from tools.embedded.training.model import Forward, Shape, build_config, build_model, score  # noqa: E402
from tools.embedded.training.muon import PEAK, cap_scores  # noqa: E402
from tools.embedded.training.pointing import COLUMNS  # noqa: E402
from tools.embedded.training.rows import Aims  # noqa: E402
from tools.embedded.training.stages import RECIPES, Form  # noqa: E402
from tools.embedded.training.tokenizer import load_tokenizer, token_ids  # noqa: E402
from tools.embedded.training.training_log import TASKS, Log  # noqa: E402
from tools.embedded.training.warm_start import fit_heads, fit_helpers, load_weights  # noqa: E402
from tools.embedded.world.changes import KINDS  # noqa: E402
from tools.embedded.world.exhibits import MAKERS  # noqa: E402
from tools.embedded.world.labels import GRID, HALVES, HUES, IGNORE, NAMED, NUMBERS, ORDINALS, WORDS  # noqa: E402
from tools.embedded.world.relations import RELATIONS  # noqa: E402
from tools.embedded.world.scenes import SCALES, Knobs, World  # noqa: E402
from tools.embedded.world.words import LETTERS  # noqa: E402

EMBEDDED = assets.path("embedded")
TOKENIZER = EMBEDDED / "tokenizer.json"
TEXTUAL = tuple(f"{ending}\nAssistant: " for ending in ("text?", "word?", "letters?"))
SAID = {
    "move": "moves from",
    "come": "appears",
    "go": "disappears",
    "recolour": "turns",
    "swap": "turns into",
    "repaint": "background changes",
    "stay": "othing happens",
}
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


def test_heads_are_fitted_to_tokens_that_can_be_told_apart() -> None:
    random = torch.Generator().manual_seed(0)
    centres = 3 * torch.randn(5, 16, generator=random)
    labels = torch.randint(0, 5, (4000,), generator=random)
    tokens = centres[labels] + 0.1 * torch.randn(4000, 16, generator=random)
    things, letters = labels[:, None, None].repeat(1, 4, NAMED), torch.full((4000, 4, HALVES, NUMBERS), IGNORE)
    things[..., 2].clamp_(max=len(SCALES) - 1)
    letters[:2000] = labels[:2000, None, None, None]
    letters[:2000, ..., 0] = labels[:2000, None, None]
    assert fit_heads(CellHeads(16, 2, 5, 5), tokens, [things, letters, labels[:, None].repeat(1, 2)], seed=0) < 0.05


def test_helpers_are_fitted_to_a_decoder_that_stays_as_it_is(world: World, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(TOKENIZER)
    trained = Trained(Shape(), token_ids(tokenizer), seed=3)
    load_weights(EMBEDDED, trained.model)
    maker, log = Maker(world, tokenizer, 4, 16, 128), Log(tmp_path / "log.jsonl", 1)
    lesson = Lesson(maker, Forward(trained.model, Shape()), trained, torch.float32, log, pages=1)
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    fit_helpers(lesson, [Form("one", (("scene", 1.0),), ((128, 128),), 160, 6)] * 10)
    after = trained.state_dict()
    changed_parts = {name.partition(".")[0] for name, value in before.items() if not torch.equal(value, after[name])}
    assert {"ordinals", "columns", "brought", "field"} <= changed_parts and not changed_parts & {"model", "heads"}
    assert log.losses["ordinals/one"][-1] < 0.5 * log.losses["ordinals/one"][0]
    assert all(parameter.requires_grad and parameter.grad is None for parameter in trained.model.parameters())


def test_a_token_s_labels_are_those_of_the_patches_that_it_is_made_of() -> None:
    ids = token_ids(load_tokenizer(TOKENIZER))
    forward = Forward(build_model(build_config(Shape(), ids), seed=3), Shape())
    grouped = by_token(torch.arange(GRID * GRID)[None], 4)[0]
    for patch in (0, 9, 30, 63):
        patches = torch.zeros(1, GRID * GRID, 256)
        patches[0, patch] = 1.0
        with torch.no_grad():
            (token,) = forward.connect(patches)[0].abs().sum(dim=1).nonzero()[:, 0].tolist()
        assert patch in grouped[token]


def test_what_ends_an_item_of_a_list_points_at_the_next_and_foretells_how_the_list_goes_on(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    batch = maker.batch(Form("one", (("scene", 1.0),), ((128, 128),), 160, 24), Knobs(text=0.6), TASKS.index)
    follows, ids = {0: set[str](), 1: set[str](), 2: set[str]()}, batch.ids.flatten()
    aims = batch.aims["next"]
    for position, shown, (left,) in zip(aims.positions.tolist(), aims.right, aims.told.tolist(), strict=True):
        follows[left].add(maker.tokenizer.decode([int(ids[position + 1])]))
        assert (shown.nonzero()[:, 0].tolist() == [0]) == (left == 0)
        assert bool((batch.ids[position // 160][shown] == maker.image_id).all()) == (left > 0)
    assert follows[0] <= {".", " on", '".'} and follows[1] <= {" and", ",", '"'} and follows[2] <= {",", '",', '"'}
    assert len(aims.positions) > 60 and all(follows.values())


def test_a_batch_points_at_tokens_and_slots_that_are_labelled_with_the_letter_that_comes(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    form = Form("one", (("scene", 0.6), ("page", 0.4)), ((128, 128),), 160, 24)
    batch = maker.batch(form, Knobs(text=0.7), TASKS.index)
    letters = tokens_right = slots_right = numbers_right = 0
    for position, shown, (place, word, slot), where in zip(
        batch.aims["letter"].positions.tolist(),
        batch.aims["letter"].right,
        batch.aims["letter"].told.tolist(),
        batch.letters[..., 0].flatten(0, 1)[batch.tokens_at(batch.aims["letter"].targets())],
        strict=True,
    ):
        row, token = divmod(position, 160)
        tokens = shown[batch.ids[row] == maker.image_id]
        assert 1 <= tokens.sum() <= 16 and not shown[batch.ids[row] != maker.image_id].any()
        if slot == IGNORE:
            continue
        coming = LETTERS.index(maker.tokenizer.decode([int(batch.ids[row, token + 1])]))
        labels = batch.letters[row][tokens][..., 0].flatten(1)  # a token's slots: patch by patch, half by half
        letters += 1
        tokens_right += bool((labels == coming).any())
        slots_right += bool((labels[:, slot] == coming).any())
        told = torch.tensor([coming, min(place, ORDINALS - 1), min(word, WORDS - 1)])
        numbers_right += bool((batch.letters[row][tokens][..., :3] == told).all(dim=-1).any())
        assert (labels == where.flatten()).all(dim=1).any()
    assert numbers_right > 0.9 * letters
    assert letters > 100 and tokens_right > 0.9 * letters and slots_right > 0.85 * letters


@pytest.mark.parametrize(("split", "size"), [(False, (128, 128)), (True, (256, 256))])
def test_a_column_s_head_looks_at_its_letters_and_away_before_others(
    world: World, split: bool, size: tuple[int, int]
) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    form = Form("one", (("scene", 1.0),), (size,), 220, 24, split=split)
    batch = maker.batch(form, Knobs(text=1.0, small=1.0), TASKS.index)
    letters = right = 0
    for number, kind in enumerate(COLUMNS):
        aims = batch.aims[kind]
        assert torch.equal(aims.positions, batch.aims["letter"].positions)
        for position, shown in zip(aims.positions.tolist(), aims.right, strict=True):
            row, token = divmod(position, 220)
            coming = LETTERS.index(maker.tokenizer.decode([int(batch.ids[row, token + 1])]))
            if shown[0]:
                assert shown.sum() == 1
                continue
            tokens = batch.tokens_at(row * 220 + shown.nonzero()[:, 0])
            told = batch.letters[..., 0].flatten(0, 1)[tokens].view(-1, 2, 2 * HALVES)[:, :, number]
            if (told != IGNORE).any():
                letters += 1
                right += bool((told == coming).any())
    assert letters > 200 and right > 0.85 * letters


def looks(maker: Maker, length: int, batch: Batch, aims: Aims) -> list[tuple[str, list[int | str | None]]]:
    """What each aim's token is the last of, and where it looks: at which image token, at which other token's text."""
    told = []
    for position, right in zip(aims.positions.tolist(), aims.right, strict=True):
        row, token = divmod(position, length)
        tokens = batch.ids[row].tolist()
        places = [place for place, one in enumerate(tokens) if one == maker.image_id]
        where = [
            places.index(at) if at in places else maker.tokenizer.id_to_token(tokens[at]) for at in right.nonzero()
        ]
        told.append((maker.tokenizer.decode(tokens[max(0, token - 40) : token + 1]), where))
    return told


def test_what_is_asked_of_a_name_is_looked_up_at_the_name_and_there_at_the_thing(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    form = Form("one", (("scene", 1.0),), ((128, 128),), 160, 24)
    batch = maker.batch(form, Knobs(text=0.0), TASKS.index)
    asked = looks(maker, 160, batch, batch.aims["named"])
    assert len(asked) > 40 and all(said.endswith("Assistant: ") and len(where) == 1 for said, where in asked)
    absent = [said for said, where in looks(maker, 160, batch, batch.aims["name"]) if where == ["<|im_start|>"]]
    assert any("there a" in said for said in absent)


def test_of_two_that_are_compared_each_is_looked_up_by_a_head_of_its_own(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    batch = maker.batch(Form("one", (("talk", 1.0),), ((128, 128),), 160, 32), Knobs(text=0.0), TASKS.index)
    named, other = batch.aims["named"], batch.aims["other"]
    first = dict(zip(named.positions.tolist(), named.targets().tolist(), strict=True))
    assert len(other.positions) > 10
    for position, second in zip(other.positions.tolist(), other.targets().tolist(), strict=True):
        assert first[position] < second < position
    asked = looks(maker, 160, batch, other)
    for position, (said, _), fields in zip(other.positions.tolist(), asked, other.told.tolist(), strict=True):
        row, column, other_row, other_column, number = fields
        how = list(RELATIONS)[number]
        assert f" {how} the " in said.rpartition("Is the ")[2]
        stands = {"above": row < other_row, "below": row > other_row}
        stands |= {"to the left of": column < other_column, "to the right of": column > other_column}
        answer = maker.tokenizer.decode(batch.ids.flatten()[position + 1 : position + 3].tolist())
        assert answer.startswith("Yes" if stands[how] else "No"), said


def test_what_is_asked_of_the_text_is_looked_for_where_it_stands(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    batch = maker.batch(Form("one", (("scene", 1.0),), ((128, 128),), 160, 24), Knobs(text=1.0), TASKS.index)
    aims = batch.aims["answer"]
    begun = looks(maker, 160, batch, aims)
    textual = [number for number, (said, _) in enumerate(begun) if said.endswith(TEXTUAL)]
    shown = batch.letters[..., 0].flatten(0, 1)[batch.tokens_at(aims.targets()[textual])]
    assert len(textual) > 10 and ((shown >= 0) & (shown < len(LETTERS))).any(dim=(1, 2)).float().mean() > 0.75


def test_before_a_background_s_colour_the_tile_that_shows_all_of_it_is_looked_at(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    colours = {word for hue in HUES for word in hue.split()}
    for form in (
        Form("one", (("scene", 1.0),), ((128, 128),), 160, 24),
        Form("two", (("scene", 1.0),), ((256, 128),), 160, 8, split=True),
    ):
        batch = maker.batch(form, Knobs(), TASKS.index)
        shown = looks(maker, 160, batch, batch.aims["ground"])
        tiles = len(batch.pixels) // form.exhibits
        assert len(shown) > 8 and all(where == [*range(16 * tiles - 16, 16 * tiles)] for _, where in shown)
        following = batch.ids.flatten()[batch.aims["ground"].positions + 1].tolist()
        said = [maker.tokenizer.decode([token]).strip() for token in following]
        assert sum(word in colours for word in said) > 0.5 * len(said)


def test_before_a_thing_s_article_it_is_looked_at_already(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    batch = maker.batch(Form("one", (("scene", 1.0),), ((128, 128),), 160, 24), Knobs(text=0.0), TASKS.index)
    ids = batch.ids.flatten()
    names = batch.aims["name"].positions
    articles = [maker.tokenizer.token_to_id(token) for token in ("Ġa", "Ġan")]
    before = [position for position in batch.asked.tolist() if ids[position + 1] in articles]
    of_things = [
        position for position in before if "ground" not in maker.tokenizer.decode(ids[position + 2 :][:2].tolist())
    ]
    assert len(of_things) > 10 and np.isin(of_things, names.numpy()).mean() > 0.6  # others lead to the background


def test_parts_have_a_label_in_common_where_all_that_have_any_agree() -> None:
    labels = torch.tensor([[3, 3, IGNORE, 3], [3, 4, 3, 3], [IGNORE] * 4, [0, IGNORE, IGNORE, IGNORE]])
    assert only(labels).tolist() == [3, IGNORE, IGNORE, 0]


def test_what_changes_is_looked_for_before_it_happens_and_after(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    form = Form("few", (("clip", 1.0),), ((128, 128),), 208, 24, frames=(3, 3))
    batch = maker.batch(form, Knobs(), TASKS.index)
    shown = looks(maker, 208, batch, batch.aims["name"])
    before, after = ([where for said, where in shown if said.endswith(end)] for end in (" from", " to"))
    assert before and after
    assert all(isinstance(at, int) and at < 16 for where in before for at in where)
    assert all(isinstance(at, int) and at >= 32 for where in after for at in where)
    differs = batch.aims["differs"]
    begun = looks(maker, 208, batch, differs)
    for position, told in zip(differs.positions.tolist(), differs.told[:, 0].tolist(), strict=True):
        coming = maker.tokenizer.decode(batch.ids.flatten()[position + 1 : position + 30].tolist(), False)
        assert SAID[KINDS[told]] in coming.partition("<end_of_utterance>")[0]
    assert any(where == ["<|im_start|>"] for _, where in begun) and any(len(where) > 1 for _, where in begun)
    assert [at for _, where in looks(maker, 208, batch, batch.aims["before"]) for at in where] == [*range(32)] * 24


def test_what_changed_is_said_of_the_tokens_that_show_it(world: World) -> None:
    maker = Maker(world, load_tokenizer(TOKENIZER), 4, 16, 128)
    batch = maker.batch(Form("pair", (("pair", 1.0),), ((128, 128),), 120, 24), Knobs(), TASKS.index)
    differs = changed(batch).view(24, 16).bool()
    shown = batch.things[..., 0].view(24, 2, 16, 4)
    assert 0.02 < differs.float().mean() < 0.5 and not differs.any(dim=1).all()
    other = (shown[:, 0] != shown[:, 1]) & (shown != IGNORE).all(dim=1)
    assert other.any() and differs[other.any(dim=2)].float().mean() > 0.9  # squares of like colours hardly differ


def test_pointing_is_the_share_of_attention_that_lies_where_it_should() -> None:
    scores = torch.tensor([[0.0, 1.0, -1.0, float("-inf")], [2.0, 2.0, 2.0, 2.0]])[..., None]
    right = torch.tensor([[True, False, True, False], [False, True, False, False]])
    shares = (scores.softmax(dim=1)[..., 0] * right).sum(dim=1)
    assert torch.allclose(pointing(scores, right), -shares.log().mean())


def test_scores_too_large_are_scaled_down_and_others_left() -> None:
    torch.manual_seed(0)
    weight, x, k = torch.randn(256, 256), torch.randn(1, 10, 256), torch.randn(1, 4, 10, 64)
    weight[:64] *= 0.01
    before = weight.clone()

    def peaks() -> Any:
        return score((x @ weight.T).view(1, 10, 4, 64).transpose(1, 2), k).abs().amax(dim=(0, 2, 3))

    cap_scores(weight, peaks())
    assert torch.equal(weight[:64], before[:64])
    assert torch.allclose(peaks()[1:], torch.full((3,), PEAK))


def test_the_arithmetic_chosen_is_not_the_slower_one() -> None:
    faster = faster_dtype()
    other = ({torch.float32, torch.bfloat16} - {faster}).pop()
    assert products_in(faster, 0.05) > 0.6 * products_in(other, 0.05)


def test_a_short_answer_counts_for_more_than_its_tokens() -> None:
    owners = torch.tensor([1] * 4 + [2] * 16)
    losses = torch.where(owners == 1, 3.0, 0.0)
    assert by_answer(losses, owners).item() == pytest.approx(3 * 2 / (2 + 4))
    assert by_answer(torch.full_like(losses, 0.7), owners).item() == pytest.approx(0.7)
