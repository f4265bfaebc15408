"""A model's answer as alt text: what a screen reader should say in place of a picture.

Readers announce "image" themselves, read without pauses for line breaks, and some cut off after about 125 characters;
so the opening "The image shows" goes, the text becomes one line, and what is too long ends at a sentence or, where
even the first is too long, at a word. https://www.w3.org/WAI/tutorials/images/tips/
"""

import html
import re

_OPENING = re.compile(
    r"(?:(?:in|on) )?(?:the|this|an?) (?:image|picture|photo|photograph)"
    r"(?: (?:shows|depicts|displays|features|is of|of|captures)|,? (?:there (?:is|are)|we (?:can )?see),?|:) +",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=\w{3})[.!?](?=\s)")  # after three letters: "Mr." and "e.g." end nothing


def as_alt_text(answer: str, limit: int) -> str:
    """One line of at most `limit` characters, whole sentences where possible."""
    text = " ".join(answer.split())
    if (opening := _OPENING.match(text)) and opening.end() < len(text):
        rest = text[opening.end() :]
        text = rest[0].upper() + rest[1:]
    if len(text) <= limit:
        return text
    ends = [end.end() for end in _SENTENCE_END.finditer(text) if end.end() <= limit]
    return text[: ends[-1]] if ends else _cut_at_word(text, limit)


def alt_attribute(answer: str, limit: int = 125) -> str:
    """The answer as HTML's attribute: `alt="A red boat."`."""
    return f'alt="{html.escape(as_alt_text(answer, limit))}"'


def _cut_at_word(text: str, limit: int) -> str:
    head = text[:limit]
    if " " in head:
        head = head[: head.rindex(" ")]
    return head[: limit - 1].rstrip(" ,;:-") + "…"
