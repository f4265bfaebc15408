""" "Tell me when a dog comes in": a wish in plain words as a question to the model, and whether it has come true."""

import re
from dataclasses import dataclass

from app.asking.tasks import trigger_questions

TOKENS = 8
A_THING = re.compile(r"(?:an?|any|some) \S+(?: \S+)?", re.IGNORECASE)


@dataclass
class Trigger:
    """Tells once when it comes true, and again only after it was not so in between."""

    wish: str
    is_so: bool = False

    @property
    def question(self) -> str:
        """A question of the user's own as it is, a thing asked for by name, anything else as a statement."""
        wish = self.wish.strip()
        if wish.endswith("?"):
            return wish
        kind = "thing" if A_THING.fullmatch(wish.rstrip(".!")) else "statement"
        return trigger_questions()[kind].replace("{wish}", wish.rstrip(".!"))

    def hear(self, answer: str) -> bool:
        """Whether to tell now, by the model's answer about the latest frame."""
        was, self.is_so = self.is_so, says_yes(answer)
        return self.is_so and not was


def says_yes(answer: str) -> bool:
    """Whether an answer begins with a yes; whatever is no clear yes is none."""
    return re.match(r"\W*yes\b", answer, re.IGNORECASE) is not None
