"""What the model reads of a clip: how many frames, of how long a clip, and each frame behind the time it is shown at.

Mirrors `replace_video_token` and the default template of transformers' `models/smolvlm/processing_smolvlm.py` (5.23).
The checkpoints' own templates know no clips, so the reference sets them aside for a conversation that has one. Knows
neither tokens nor pixels.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from mlx_model.prompting.chat_template import TemplateMessage
from mlx_model.prompting.tokenizer import END_OF_UTTERANCE, IMAGE

VIDEO = "<video>"

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def render_with_clips(messages: Sequence[TemplateMessage]) -> str:
    """A conversation in the reference's default form, `<image>` for each picture and clip, up to the answer."""
    turns = "".join(f"{_turn(message)}{END_OF_UTTERANCE}\n" for message in messages)
    return f"<|im_start|>{turns}Assistant:"


def _turn(message: TemplateMessage) -> str:
    parts = message["content"]
    words = "".join(part["text"] if part["type"] == "text" else IMAGE for part in parts)
    return message["role"].capitalize() + (":" if parts[0]["type"] == "image" else ": ") + words


def clip_tags(seconds: Iterable[float], duration: float, frame: str) -> str:
    """The string that stands for a clip of `duration` seconds: `frame`, one tile's tags, behind each time."""
    shown = [f"\nFrame from {int(second // 60):02d}:{int(second % 60):02d}:{frame}" for second in seconds]
    return (
        f"You are provided the following series of {in_words(len(shown))} frames from a "
        f"{timedelta(seconds=int(duration))} [H:MM:SS] video.\n{''.join(shown)}\n\n"
    )


def in_words(number: int) -> str:
    """0 to 999,999 as num2words writes it: "twenty-one", "one hundred and five", "one thousand, two hundred"."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{_ONES[number // 100]} hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")
    rest = number % 1000
    link = "" if not rest else f" and {in_words(rest)}" if rest < 100 else f", {in_words(rest)}"
    return f"{in_words(number // 1000)} thousand{link}"
