"""The text around what is seen, cut where training cuts it: an opening that all questions share, then turn by turn.

Joined again it is letter by letter what the product makes of the same conversation; a test holds the two together.
The cuts lie beside special tokens or spaces, where the tokenizer cuts too, so the pieces have the ids of the whole.
"""

from collections.abc import Iterable, Sequence

from mlx_model.prompting.video_prompt import clip_tags
from tools.embedded.training.tiles import image_prompt

END = "<end_of_utterance>"


def picture_opening(grids: Iterable[tuple[int, int]], tokens: int) -> str:
    """Up to the first question about one picture or several, split in so many rows and columns each."""
    return "<|im_start|>User:" + "".join(image_prompt(rows, columns, tokens) for rows, columns in grids)


def clip_opening(seconds: Sequence[float], duration: float, tokens: int) -> str:
    """Up to the last frame of a clip; the two line breaks behind it belong to the question, as tokens go."""
    return "<|im_start|>User: " + clip_tags(seconds, duration, image_prompt(0, 0, tokens)).removesuffix("\n\n")


def question_text(question: str, turn: int, of_clip: bool) -> str:
    """A user's turn up to where the answer begins; `turn` counts from 0."""
    lead = "\nUser: " if turn else "\n\n" if of_clip else ""
    return f"{lead}{question}{END}\nAssistant:"


def answer_text(answer: str) -> str:
    return f" {answer}{END}"
