"""What counts as right, task by task, and how tables say it. Knows questions and answers, neither model nor pixels."""

from collections.abc import Iterator

from tools.embedded.world.labels import Labelled
from tools.embedded.world.questions import DECLINE, Question
from tools.embedded.world.scenes import Scene

LABELS = {
    "describe": "caption, exact",
    "alt": "alt text, exact",
    "short": "short caption, exact",
    "list": "list of things, exact",
    "read": "text, exact",
    "no_text": "says that there is no text",
    "naming": "naming a single thing",
    "count": "count",
    "where": "where is a thing",
    "where_text": "where is the text",
    "at": "what is at a place",
    "background": "background colour",
    "text_colour": "text colour",
    "thing_colour": "a thing's colour",
    "size": "size",
    "is_there": "is there a thing",
    "any_text": "is there text",
    "blank": "empty pictures, caption",
    "decline": "declines noise and made-up photographs",
}
BEYOND = {
    "relation": "is it left of, above ...",
    "neighbour": "what is left of, above ...",
    "else": "follow-up: what else",
    "follow": "follow-up: where is it, and the background",
    "cannot_tell": "says that it can't tell",
    "same": "two pictures: same or not",
    "changed": "two pictures: what changed",
    "first": "two pictures: what is in the first",
    "second": "two pictures: what is in the second",
    "happens": "clip: what happens",
    "clip": "clip: description",
    "at_end": "clip: how it ends",
    "does": "clip: does anything move ...",
    "screen": "screenshot: description",
    "screen_title": "screenshot: title",
    "buttons": "screenshot: buttons",
    "screen_count": "screenshot: how many buttons, fields",
    "bar": "chart: tallest bar",
    "low_bar": "chart: shortest bar",
    "field": "form: what a field holds",
    "receipt": "receipt: description",
    "total": "receipt: total",
    "price": "receipt: a price",
    "shop": "receipt: shop",
    "items": "receipt: how many things",
    "receipt_read": "receipt: all its text",
}
SHORT = 12  # letters
READING_LABELS = {"within": "text of up to twelve letters, exact", "beyond": "longer text, exact"}
OF_KIND = {("screen", "describe"): "screen", ("screen", "count"): "screen_count"}
OF_KIND |= {("receipt", "describe"): "receipt", ("receipt", "read"): "receipt_read"}
Scores = dict[str, list[bool]]


def judge(shown: Labelled, question: Question, said: str, turn: int = 0) -> Iterator[tuple[str, bool]]:
    """The rows that an answer counts for: its own task's, and what a caption shows beside. Letter by letter."""
    right = said == question.answer
    if not isinstance(shown, Scene):
        yield OF_KIND.get((shown.kind, question.task), question.task), right
    elif turn and question.task in ("where", "background"):
        yield "follow", right
    elif question.task == "read":
        yield ("read" if shown.text else "no_text"), right
    elif question.task != "describe":
        yield question.task, right
    else:
        yield ("blank" if shown.kind == "blank" else "describe"), right
        if len(shown.things) == 1:
            yield "naming", f" {shown.things[0].name} " in f" {said.replace('.', ' ')} "


def length_of(text: str) -> str:
    """The row of READING_LABELS that a text counts for."""
    return "within" if len(text.replace(" ", "")) <= SHORT else "beyond"


def is_declined(said: str) -> bool:
    return said == DECLINE


def format_table(labels: dict[str, str], columns: dict[str, Scores]) -> str:
    """A Markdown table: a row a task, a column a setting, per cent right of how many. Rows without answers are left
    out."""
    lines = ["| task | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for task, label in labels.items():
        cells = [scores.get(task, []) for scores in columns.values()]
        if any(cells):
            lines.append(f"| {label} | " + " | ".join(share(cell) for cell in cells) + " |")
    return "\n".join(lines)


def share(cell: list[bool]) -> str:
    return f"{100 * sum(cell) / len(cell):.0f} % of {len(cell)}" if cell else "-"
