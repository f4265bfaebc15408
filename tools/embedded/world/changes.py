"""One thing that changes in a scene: it moves, comes, goes, turns another colour, is swapped, or the ground changes.

`sample_change` gives the scene before and after with the sentence that says what happened, once as two pictures show it
and once as a clip does. Knows neither drawing nor time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tools.embedded.world.backgrounds import Background, jittered, sample_background
from tools.embedded.world.looks import sample_look
from tools.embedded.world.questions import capital
from tools.embedded.world.scenes import PLACES, Knobs, Scene, Thing, World, place_thing, sample_things
from tools.embedded.world.sprites import COLOURED, NAMES, with_article

CELLS = [(row, column) for row in range(3) for column in range(3)]


@dataclass(frozen=True)
class Change:
    """`kind` is one of KINDS; `compared` says it of two pictures, `happening` of a clip. `subject` is what changes."""

    kind: str
    before: Scene
    after: Scene
    compared: str
    happening: str
    subject: str = ""


def sample_change(
    world: World, rng: np.random.Generator, width: int, height: int, knobs: Knobs, kinds: tuple[str, ...] = ()
) -> Change:
    """A scene of one to three different things without text, and what becomes of it; `kinds` limits the choice."""
    chosen = kinds or KINDS
    while True:
        scene = sample_still_life(world, rng, width, height, knobs)
        kind = chosen[rng.integers(len(chosen))]
        if (change := MAKERS[kind](rng, scene)) is not None:
            return change


def sample_still_life(world: World, rng: np.random.Generator, width: int, height: int, knobs: Knobs) -> Scene:
    """Different things of one size before a background: what changes and comparisons start from."""
    background = sample_background(rng, fading=0.1, rough=knobs.rough)
    names = [name for name in NAMES if not background.hides(name)]
    things = sample_things(rng, names, width, height, CELLS, True, knobs, world.styles)
    return Scene(width, height, "things", background, things, look=sample_look(rng, knobs.varied))


def move(rng: np.random.Generator, scene: Scene) -> Change | None:
    number = int(rng.integers(len(scene.things)))
    thing = scene.things[number]
    free = free_cells(scene)
    cell = free[rng.integers(len(free))]
    moved = place_thing(rng, thing.name, thing.style, thing.size, cell, scene.width, scene.height)
    said = f"The {thing.name} moves from {spot(thing)} to {spot(moved)}."
    compared = f"The {thing.name} moved from {spot(thing)} to {spot(moved)}."
    return Change("move", scene, with_things(scene, number, moved), compared, said, thing.name)


def come(rng: np.random.Generator, scene: Scene) -> Change | None:
    thing = newcomer(rng, scene, free_cells(scene))
    phrase = f"{capital(with_article(thing.name))} {{}} {thing.place}."
    after = replace(scene, things=in_reading_order((*scene.things, thing)))
    return Change("come", scene, after, phrase.format("was added"), phrase.format("appears"), thing.name)


def go(rng: np.random.Generator, scene: Scene) -> Change | None:
    if len(scene.things) < 2:
        return None
    number = int(rng.integers(len(scene.things)))
    name = scene.things[number].name
    return Change("go", scene, with_things(scene, number), f"The {name} is gone.", f"The {name} disappears.", name)


def recolour(rng: np.random.Generator, scene: Scene) -> Change | None:
    """Only names that begin with a colour can change it; a thing is turned into one of those where none is there."""
    number = int(rng.integers(len(scene.things)))
    noun = COLOURED[rng.integers(len(COLOURED))]
    family = [name for name in NAMES if name.endswith(f" {noun}") and not scene.background.hides(name)]
    if len(family) < 2 or any(thing.name.endswith(f" {noun}") for thing in scene.things):
        return None
    first, second = (family[i] for i in rng.choice(len(family), 2, replace=False))
    before = with_things(scene, number, replace(scene.things[number], name=first))
    after = with_things(scene, number, replace(scene.things[number], name=second))
    colour = second.split()[0]
    return Change("recolour", before, after, f"The {first} turned {colour}.", f"The {first} turns {colour}.", first)


def swap(rng: np.random.Generator, scene: Scene) -> Change | None:
    number = int(rng.integers(len(scene.things)))
    old = scene.things[number]
    new = replace(old, name=newcomer(rng, scene, [old.cell]).name)
    said = f"The {old.name} {{}} {with_article(new.name)}."
    after = with_things(scene, number, new)
    return Change("swap", scene, after, said.format("was replaced by"), said.format("turns into"), old.name)


def repaint(rng: np.random.Generator, scene: Scene) -> Change | None:
    """Plain to plain, in a colour that no thing is named after."""
    if len(scene.background.names) > 1:
        return None
    taken = {thing.name.split()[0] for thing in scene.things} | set(scene.background.names)
    name = sample_background(rng, fading=0).names[0]
    if name in taken:
        return None
    after = replace(scene, background=Background((name,), (jittered(rng, name),), scene.background.vertical))
    said = f"The background {{}} from {scene.background.names[0]} to {name}."
    return Change("repaint", scene, after, said.format("changed"), said.format("changes"), "background")


def stay(rng: np.random.Generator, scene: Scene) -> Change | None:
    return Change("stay", scene, scene, "Nothing changed.", "Nothing happens.")


MAKERS: dict[str, Callable[[np.random.Generator, Scene], Change | None]] = {
    "move": move,
    "come": come,
    "go": go,
    "recolour": recolour,
    "swap": swap,
    "repaint": repaint,
    "stay": stay,
}
KINDS = tuple(MAKERS)


def newcomer(rng: np.random.Generator, scene: Scene, cells: list[tuple[int, int]]) -> Thing:
    """A thing of a name that is not there yet, in the scene's own style and size."""
    taken = {thing.name for thing in scene.things}
    names = [name for name in NAMES if name not in taken and not scene.background.hides(name)]
    like, cell = scene.things[0], cells[rng.integers(len(cells))]
    name = names[rng.integers(len(names))]
    return place_thing(rng, name, like.style, like.size, cell, scene.width, scene.height)


def free_cells(scene: Scene) -> list[tuple[int, int]]:
    taken = {thing.cell for thing in scene.things}
    return [cell for cell in CELLS if cell not in taken]


def with_things(scene: Scene, number: int, *instead: Thing) -> Scene:
    """The scene with other things, or none, where thing `number` was."""
    things = (*scene.things[:number], *instead, *scene.things[number + 1 :])
    return replace(scene, things=in_reading_order(things))


def in_reading_order(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    return tuple(sorted(things, key=lambda thing: thing.cell))


def spot(thing: Thing) -> str:
    """A place as it follows "from" and "to": "the top left corner", "the left", "the middle"."""
    return PLACES[thing.cell[0]][thing.cell[1]].partition(" ")[2]
