"""Two pictures and the questions about both: are they the same, what changed, what is in which."""

import numpy as np

from tools.embedded.world.changes import Change
from tools.embedded.world.questions import Question, whole_answers

WORDINGS = {
    "same": (
        "Are the two pictures the same?",
        "Are these two pictures the same?",
        "Do both pictures show the same?",
        "Are the pictures equal?",
    ),
    "changed": (
        "What changed?",
        "What changed between the two pictures?",
        "What is different?",
        "What is the difference between the two pictures?",
    ),
    "first": ("What is in the first picture?", "List what is in the first picture."),
    "second": ("What is in the second picture?", "List what is in the second picture."),
}


def ask(change: Change, rng: np.random.Generator) -> list[Question]:
    """One question a task, in random order."""
    answers = {
        "same": "Yes." if change.kind == "stay" else "No.",
        "changed": change.compared,
        "first": whole_answers(change.before)["list"],
        "second": whole_answers(change.after)["list"],
    }
    questions = [
        Question(task, WORDINGS[task][rng.integers(len(WORDINGS[task]))], answer) for task, answer in answers.items()
    ]
    return [questions[i] for i in rng.permutation(len(questions))]
