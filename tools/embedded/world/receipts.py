"""A block of text as a till prints it: a shop's name, two to four goods with prices, the total.

The truth is a `Receipt`; its total is the sum of its prices. Prices are whole numbers of one currency.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tools.embedded.world.lettering import Canvas
from tools.embedded.world.questions import NUMBERS, Question
from tools.embedded.world.screens import Shown
from tools.embedded.world.words import sample_word

GOODS = "TEA COFFEE MILK BREAD CAKE FISH MEAT RICE SOUP FRUIT WATER SALT SUGAR APPLE LEMON BOOK PAPER PEN HAT".split()
WORDINGS = {
    "describe": ("Describe this image.", "What is this?", "What do you see?"),
    "total": ("What is the total?", "How much is it in all?", "How much was paid?"),
    "price": ("How much is the {one}?", "What does the {one} cost?", "What is the price of the {one}?"),
    "shop": ("What is the name of the shop?", "Which shop is the receipt from?", "What is the heading?"),
    "items": ("How many things were bought?", "How many items are on the receipt?"),
    "read": ("Read the text.", "Read all the text in this image.", "Transcribe the text."),
}


@dataclass(frozen=True)
class Receipt:
    """Goods with their prices in printed order."""

    width: int
    height: int
    shop: str
    goods: tuple[tuple[str, int], ...]
    font: str

    @property
    def total(self) -> int:
        return sum(price for _, price in self.goods)

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Left and right column of every line."""
        return ((self.shop, ""), *((name, str(price)) for name, price in self.goods), ("TOTAL", str(self.total)))


def sample_receipt(rng: np.random.Generator, fonts: tuple[str, ...], width: int, height: int) -> Receipt:
    names = rng.choice(GOODS, int(rng.integers(2, 5)), replace=False)
    goods = tuple((str(name), int(rng.integers(1, 30))) for name in names)
    while (shop := sample_word(rng, 7)).isdigit():
        pass
    return Receipt(width, height, shop, goods, fonts[rng.integers(len(fonts))])


def draw(receipt: Receipt, rng: np.random.Generator) -> Shown:
    """Dark print on a strip of pale paper; `rng` chooses shades and margins."""
    table, paper = int(rng.integers(40, 200)), int(rng.integers(225, 256))
    width, height = receipt.width, receipt.height
    canvas = Canvas(Image.new("RGB", (width, height), (table, table, int(0.9 * table))), receipt.font)
    left, right = rng.uniform(0, 0.08) * width, width - rng.uniform(0, 0.08) * width
    canvas.box((left, 0, right, height), (paper, paper, int(rng.integers(paper - 20, paper + 1))))
    tall = height / len(receipt.rows)
    ink = (int(rng.integers(0, 70)),) * 3
    for number, (first, second) in enumerate(receipt.rows):
        box = (left + 4, number * tall, right - 4, (number + 1) * tall)
        middle = left + 0.65 * (right - left)
        if number == 0:
            canvas.write(first, box, ink, "middle", 0.55 * tall)
            continue
        canvas.write(first, (box[0], box[1], middle, box[3]), ink, "left", 0.5 * tall)
        canvas.write(second, (middle + 3, box[1], box[2], box[3]), ink, "right", 0.5 * tall)
    return Shown(canvas.picture, tuple(canvas.set_lines), "receipt")


def ask(receipt: Receipt, rng: np.random.Generator) -> list[Question]:
    """One question a task, in random order."""
    name, price = receipt.goods[rng.integers(len(receipt.goods))]
    answers = {
        "describe": f'A receipt from "{receipt.shop}" with a total of {receipt.total}.',
        "total": f"{receipt.total}.",
        "price": f"{price}.",
        "shop": receipt.shop,
        "items": f"{NUMBERS[len(receipt.goods)]}.",
        "read": " ".join(word for row in receipt.rows for word in row if word),
    }
    questions = []
    for task, answer in answers.items():
        wording = WORDINGS[task][rng.integers(len(WORDINGS[task]))]
        questions.append(Question(task, wording.format(one=name.lower()), answer))
    return [questions[i] for i in rng.permutation(len(questions))]
