"""What a text is about is found where it was drawn, and nothing is pointed at that the text does not mean."""

from dataclasses import replace

import numpy as np
import pytest

from tools.embedded.training.mentions import grounds_in, items_in, letters_in, names_in, subjects_of, words_of
from tools.embedded.training.pointing import field_of, tokens_at
from tools.embedded.training.tiles import Tiled
from tools.embedded.world.backgrounds import Background, sample_background
from tools.embedded.world.labels import IGNORE
from tools.embedded.world.pages import ask, sample_page
from tools.embedded.world.questions import whole_answers
from tools.embedded.world.receipts import Receipt, draw
from tools.embedded.world.scenes import SCALES, Knobs, Scene, Text, Thing, World
from tools.embedded.world.words import set_line

WHOLE = (0, 0, 128, 128)


def scene_of(*things: Thing) -> Scene:
    return Scene(128, 128, "things", sample_background(np.random.default_rng(0)), things)


RED = Thing("red heart", "google", 0, 0, 32, (0, 0))
CAR = Thing("car", "google", 96, 96, 32, (2, 2))
CARROT = Thing("carrot", "google", 64, 0, 32, (0, 1))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where is the red heart?", ["red heart"]),
        ("Is there a blue heart?", ["blue heart"]),
        ("A carrot at the top and a car at the right.", ["carrot", "car"]),
        ("Red heart, cars.", ["Red heart", "cars"]),
        ("Is there a card?", []),
    ],
)
def test_names_are_found_whole(text: str, found: list[str]) -> None:
    mentions = names_in(text, [scene_of(RED, CAR, CARROT)])
    assert [text[mention.start : mention.end] for mention in mentions] == found


@pytest.mark.parametrize(
    ("text", "led"),
    [
        ("A small red heart at the top and a car.", ["A small red heart", "a car"]),
        ("Three red hearts.", ["Three red hearts"]),
        ("Red heart, cars.", ["Red heart", "cars"]),
        ("The bananas and the large car.", ["large car"]),
    ],
)
def test_a_name_s_lead_is_its_article_its_number_and_its_size(text: str, led: list[str]) -> None:
    mentions = [one for one in names_in(text, [scene_of(RED, CAR)]) if one.is_shown]
    assert [text[mention.lead : mention.end] for mention in mentions] == led


@pytest.mark.parametrize("task", ["describe", "alt", "short", "list"])
def test_the_items_of_a_list_are_a_scene_s_things_and_its_text_in_order(world: World, task: str) -> None:
    seen = 0
    for seed in range(200):
        scene = world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs(unknown=0))
        answer = f" {whole_answers(scene)[task]}<end_of_utterance>"
        items = list(items_in(answer, scene))
        things = scene.things[:1] if scene.kind == "group" else scene.things
        assert len(items) == len(things) + (scene.text is not None)
        if items:
            between = [answer[end : after.lead] for (_, end), (after, _) in zip(items, items[1:], strict=False)]
            assert set(between[:-1]) <= {", "} and set(between[-1:]) <= {", " if task == "list" else " and "}
            assert items[0][0].lead == 1 and answer[items[-1][1] :].startswith((" on a", "."))
            seen += len(items)
    assert seen > 300


@pytest.mark.usefixtures("world")
def test_a_word_that_says_a_thing_s_name_is_one_item_and_where_it_is_written() -> None:
    line = set_line("CAR", "default", 20)
    scene = replace(scene_of(CAR), text=Text((line,), ((4.0, 5.0),), "black", (0, 0, 0), 0))
    answer = 'The word "CAR" at the top and a car in the bottom right corner.'
    (word, _), (car, _) = items_in(answer, scene)
    assert (answer[word.start : word.end], word.boxes) == ('"CAR"', (((4, 5, 4 + line.width, 5 + line.height),),))
    assert (answer[car.start : car.end], car.boxes) == ("car", (((96, 96, 128, 128),),))


def test_a_name_has_its_only_thing_s_size() -> None:
    small, large = (replace(CAR, scale=scale) for scale in ("small", "large"))
    for thing in (CAR, small, large):
        (mention,) = names_in("Where is the car?", [scene_of(RED, thing)])
        assert SCALES[mention.scale] == thing.scale
    assert [one.scale for one in names_in("Two cars.", [scene_of(CAR, replace(CAR, x=0))])] == [IGNORE]
    assert [one.scale for one in names_in("A car.", [scene_of(CAR), scene_of(CAR)])] == [IGNORE]


def test_a_background_s_colours_are_those_of_the_first_view_that_has_them() -> None:
    fading = Background(("dark blue", "light green"), ((20, 30, 95), (175, 235, 165)), True)
    plain = Background(("pink",), ((250, 160, 200),), False)
    views = [Scene(128, 128, "things", background, (RED,)) for background in (fading, plain)]
    text = "A red heart and a blue car on a background fading from dark blue to light green. It turns pink, not green."
    found = [(text[one.start : one.end], number) for one, number in grounds_in(text, views)]
    assert found == [("dark blue", 0), ("light green", 0), ("pink", 1)]
    assert [number for _, number in grounds_in("Light green.", views[:1])] == [0]


def test_a_name_is_where_its_things_are() -> None:
    (mention,) = names_in("How many cars are there?", [scene_of(CAR, Thing("car", "google", 0, 96, 32, (2, 0)))])
    assert tokens_at(mention.boxes[0], WHOLE, 4).nonzero()[0].tolist() == [12, 15]


def test_a_name_that_is_not_shown_is_nowhere() -> None:
    (mention,) = names_in("Is there a blue heart?", [scene_of(RED, CAR)])
    assert not mention.is_shown


def test_the_only_thing_of_a_name_has_a_row_and_a_column() -> None:
    tiled = [Tiled(np.zeros((1, 3, 128, 128)), (WHOLE,), 0, 0)]
    shown = scene_of(
        RED, CARROT, CAR, Thing("dog", "google", 0, 96, 32, (2, 0)), Thing("dog", "google", 96, 0, 32, (0, 2))
    )
    asked = "Is the red heart, the carrot, the car, one of the dogs or a cat here?"
    fields = [field_of(name, tiled) for name in names_in(asked, [shown])]
    assert fields == [(0, 0), (0, 1), (2, 2), (IGNORE, IGNORE), (IGNORE, IGNORE)]
    (of_two,) = names_in("Where is the car?", [shown, shown])
    assert field_of(of_two, tiled * 2) == (IGNORE, IGNORE)


@pytest.mark.usefixtures("world")
def test_a_receipt_s_goods_are_the_words_that_it_prints() -> None:
    rng = np.random.default_rng(2)
    receipt = Receipt(128, 128, "LEMON", (("FISH", 4), ("TEA", 7)), "default")
    shown = draw(receipt, rng)
    (mention,) = subjects_of("How much is the fish?", [shown])
    (start,) = [y for line, (_, y) in shown.set_lines if line.text == "FISH"]
    assert len(mention.boxes[0]) == 4 and all(box[1] == start for box in mention.boxes[0])


def test_of_a_box_over_several_tokens_those_that_hold_most_of_it_are_meant() -> None:
    assert tokens_at(((30.0, 4.0, 60.0, 28.0),), WHOLE, 4).nonzero()[0].tolist() == [1]
    assert tokens_at(((16.0, 4.0, 48.0, 28.0),), WHOLE, 4).nonzero()[0].tolist() == [0, 1]
    assert not tokens_at(((16.0, 4.0, 48.0, 28.0),), (64, 0, 128, 64), 4).any()


def test_letters_of_a_caption_are_those_in_quotes_in_order(world: World) -> None:
    seen = 0
    for seed in range(60):
        scene = world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs(text=1, unknown=0))
        if scene.text is None or len(scene.text.lines) > 1:
            continue
        answers = whole_answers(scene)
        for task in ("describe", "read"):
            mentions = letters_in(answers[task], scene)
            assert "".join(answers[task][mention.start] for mention in mentions) == scene.text.words
            lefts = [mention.boxes[0][0][0] for mention in mentions]
            assert lefts == sorted(lefts)
            seen += 1
        assert not letters_in(answers["background"], scene)
    assert seen > 60


def test_every_letter_of_a_page_is_pointed_at_where_it_stands(world: World) -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        page = sample_page(world, rng, 128, 128)
        if page.text is None:
            continue
        answers = {question.task: question.answer for question in ask(page, rng)}
        mentions = letters_in(answers["page"], page)
        boxes = [box for _, letters in words_of(page) for box in letters]
        assert [mention.boxes[0][0] for mention in mentions] == boxes


def test_a_word_that_stands_twice_is_pointed_at_only_behind_what_stands_before_it(world: World) -> None:
    page = next(
        page
        for seed in range(3000)
        if (page := sample_page(world, np.random.default_rng(seed), 128, 128)).text is not None
        and len(texts := [word for word, _ in words_of(page)]) != len(set(texts))
    )
    texts = [word for word, _ in words_of(page)]
    twice = next(word for word in texts if texts.count(word) > 1)
    assert not letters_in(twice, page)


@pytest.mark.usefixtures("world")
def test_a_word_that_stands_last_and_before_is_not_pointed_at_alone() -> None:
    shown = draw(Receipt(128, 128, "LEMON", (("TEA", 7),), "default"), np.random.default_rng(2))
    assert [word for word, _ in words_of(shown)] == ["LEMON", "TEA", "7", "TOTAL", "7"]
    assert not letters_in("7", shown)
    assert [mention.word for mention in letters_in("TOTAL 7", shown)] == [3] * 5 + [4]
