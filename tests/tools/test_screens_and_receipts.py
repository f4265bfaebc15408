"""What a screenshot or a receipt says about itself is what was drawn."""

import numpy as np
import pytest

from tools.embedded.world import receipts, screens
from tools.embedded.world.backgrounds import COLOURS, JITTER
from tools.embedded.world.labels import label_cells
from tools.embedded.world.scenes import World
from tools.embedded.world.words import LETTERS, UNSEEN

SIZES = ((128, 128), (256, 192))


def sample(kind: str, world: World, count: int = 8) -> list[screens.Screen]:
    found: list[screens.Screen] = []
    for seed in range(400):
        size = SIZES[seed % 2]
        screen = screens.sample_screen(np.random.default_rng(seed), world.fonts, *size)
        found += [screen] if screen.kind == kind else []
    assert len(found) > count
    return found[:count]


@pytest.mark.parametrize("kind", screens.KINDS)
def test_all_words_of_a_screen_are_set_inside_it(world: World, kind: str) -> None:
    for screen in sample(kind, world):
        shown = screens.draw(screen, np.random.default_rng(0))
        words = [line.text for line, _ in shown.set_lines]
        stated = [screen.title, *(() if kind == "chart" else screen.labels)]
        stated += [value for value in screen.values if value and kind == "form"]
        assert sorted(words) == sorted(stated) and not UNSEEN & set(words)
        for line, (x, y) in shown.set_lines:
            assert x >= 0 and y >= 0 and x + line.width <= screen.width and y + line.height <= screen.height


def test_the_tallest_bar_is_the_one_that_covers_most(world: World) -> None:
    for screen in sample("chart", world):
        pixels = np.asarray(screens.draw(screen, np.random.default_rng(0)).picture).astype(int)
        covered = {
            colour: (np.abs(pixels - np.array(COLOURS[colour])).max(axis=-1) <= JITTER).sum()
            for colour in screen.labels
        }
        ranked = sorted(covered, key=lambda colour: covered[colour])
        answers = screens.details(screen)
        assert answers == {"bar": f"The {ranked[-1]} bar.", "low_bar": f"The {ranked[0]} bar."}


def test_a_form_answers_what_its_field_holds(world: World) -> None:
    for screen in sample("form", world):
        for seed in range(6):
            asked = {question.task: question for question in screens.ask(screen, np.random.default_rng(seed))}
            field = asked["field"]
            number = next(i for i, label in enumerate(screen.labels) if f"field {label}" in field.text)
            assert field.answer == (screen.values[number] or "It is empty.")


@pytest.mark.parametrize("kind", screens.KINDS)
def test_a_description_names_the_kind_the_title_and_every_label(world: World, kind: str) -> None:
    for screen in sample(kind, world):
        said = screens.describe(screen)
        assert kind in said and screen.title in said and all(label in said for label in screen.labels)


def test_a_receipt_adds_up_and_shows_every_line(world: World) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        receipt = receipts.sample_receipt(rng, world.fonts, 128, 160)
        answers = {question.task: question.answer for question in receipts.ask(receipt, rng)}
        assert answers["total"] == f"{sum(price for _, price in receipt.goods)}."
        shown = receipts.draw(receipt, rng)
        assert " ".join(line.text for line, _ in shown.set_lines) == answers["read"]
        tops = [y for _, (_, y) in shown.set_lines]
        assert all(0 <= y < 160 for y in tops)


def test_patches_of_a_screen_hold_letters_of_its_words_alone(world: World) -> None:
    for screen in sample("window", world, 4):
        shown = screens.draw(screen, np.random.default_rng(0))
        things, letters = label_cells(shown, (0, 0, screen.width, screen.height), 8)
        allowed = {LETTERS.index(letter) for letter in screen.title + "".join(screen.labels)}
        named = {int(letter) for letter in letters[..., 0].ravel() if 0 <= letter < len(LETTERS)}
        assert named <= allowed
        assert len(set(things[:, 0])) == 1
