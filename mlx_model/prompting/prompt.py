"""From a conversation to token ids: the chat template, the places of pictures, the text encoded as the reference does.

A user's text is text: special tokens in it are never more than their characters. Only raw prompts may write special
tokens. Knows nothing of pixels: a picture is a grid of tiles here, a clip a row of times, and each tile or frame
becomes the same number of image tokens. Mirrors transformers' `models/smolvlm/processing_smolvlm.py` (5.23).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from PIL import Image

from mlx_model.config import ModelConfig
from mlx_model.errors import CheckpointError, InputError
from mlx_model.media.images import pixel_hash
from mlx_model.media.video import Clip, FramePlan
from mlx_model.prompting.chat_template import ChatTemplate, TemplateMessage, TemplatePart
from mlx_model.prompting.tokenizer import FAKE_IMAGE, GLOBAL_IMAGE, IMAGE, Tokenizer, replace_surrogates
from mlx_model.prompting.video_prompt import VIDEO, clip_tags, render_with_clips


@dataclass(frozen=True)
class Text:
    """Words of a message."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A picture at its place between words, its pixels not to be changed. `name` is what errors call it."""

    image: Image.Image
    name: str = ""

    @cached_property
    def pixel_hash(self) -> str:
        """What identifies it. Hashed once, however many turns of a conversation show it."""
        return pixel_hash(self.image)


Part = Text | Picture | Clip


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Prompt:
    """What the model reads. `text` is the prompt with `<image>` or `<video>` for each, for people to look at."""

    ids: tuple[int, ...]
    text: str
    image_token_count: int


class Grid(Protocol):
    """A picture's tiles: rows x cols beside the global one, 0 x 0 when it is not split."""

    @property
    def rows(self) -> int: ...

    @property
    def cols(self) -> int: ...


Seen = Grid | FramePlan


def build_prompt(
    messages: Sequence[Message],
    seen: Sequence[Seen],
    template: ChatTemplate | None,
    tokenizer: Tokenizer,
    config: ModelConfig,
) -> Prompt:
    """Render a conversation with the checkpoint's template. `seen` has an entry for each picture and clip, in order.

    A conversation with a clip has the reference's own form, whatever the checkpoint's template. InputError where the
    model cannot take such a conversation, CheckpointError where its template cannot.
    """
    media = [part for message in messages for part in message.parts if not isinstance(part, Text)]
    if [isinstance(part, Clip) for part in media] != [isinstance(one, FramePlan) for one in seen]:
        raise ValueError(f"{len(media)} pictures, {len(seen)} grids, or clips and frames at other places")
    _check_can_see(seen, config)
    if template is None:
        raise CheckpointError(
            f"{tokenizer.file.parent} has no chat template, as Base checkpoints have none: use --raw, which sends the "
            "text as it is, or choose an Instruct checkpoint."
        )
    if any(not message.parts for message in messages):
        raise InputError("A message has neither words nor a picture: write something to ask.")
    plain = [_template_message(message, tokenizer) for message in messages]
    with_clips = any(isinstance(part, Clip) for part in media)
    rendered = render_with_clips(plain) if with_clips else template.render(plain)
    return _encode(rendered, seen, tokenizer, config, source=str(template.file))


def build_raw_prompt(text: str, seen: Sequence[Seen], tokenizer: Tokenizer, config: ModelConfig) -> Prompt:
    """The text as it is, without a template. Special tokens written in it are special.

    Pictures and clips stand where the text says `<image>` or `<video>`, or all before it where it says neither.
    InputError where it names another number than there are.
    """
    _check_can_see(seen, config)
    if not text and not seen:
        raise InputError("The raw prompt is empty: write some text to continue.")
    text = replace_surrogates(text)
    if any(isinstance(one, FramePlan) for one in seen):
        text = text.replace(VIDEO, IMAGE)
    if IMAGE not in text:
        text = IMAGE * len(seen) + text
    elif config.vision is not None and text.count(IMAGE) != len(seen):
        raise InputError(
            f"The raw prompt has {IMAGE} {text.count(IMAGE)} times for {len(seen)} pictures: write it once for each, "
            "or leave it out to have the pictures before the text."
        )
    return _encode(text, seen, tokenizer, config, source="the raw prompt")


def _check_can_see(seen: Sequence[Seen], config: ModelConfig) -> None:
    if seen and config.vision is None:
        raise InputError("The model reads text alone and cannot look at pictures: choose a SmolVLM checkpoint.")


def _template_message(message: Message, tokenizer: Tokenizer) -> TemplateMessage:
    """A message as chat templates read it, its text protected."""
    parts: list[TemplatePart] = [
        {"type": "text", "text": tokenizer.protect(part.text)}
        if isinstance(part, Text)
        else {"type": "video" if isinstance(part, Clip) else "image"}
        for part in message.parts
    ]
    return {"role": message.role, "content": parts}


def _encode(text: str, seen: Sequence[Seen], tokenizer: Tokenizer, config: ModelConfig, source: str) -> Prompt:
    """Expand the placeholders and encode the whole as one string: pieces encoded apart would give other ids."""
    before, *after = [text] if config.vision is None else text.split(IMAGE)
    if len(after) != len(seen):
        raise CheckpointError(
            f"{source} wrote {len(after)} image placeholders for {len(seen)} pictures: the template does not fit "
            "the model. Download or convert the checkpoint again."
        )
    n = config.tokens_per_tile
    places = list(zip(seen, after, strict=True))
    expanded = before + "".join(_tags(one, n) + words for one, words in places)
    shown = before + "".join((VIDEO if isinstance(one, FramePlan) else IMAGE) + words for one, words in places)
    ids = tokenizer.encode(expanded, special=True)
    return Prompt(tuple(ids), tokenizer.reveal(shown), n * sum(map(_tiles, seen)))


def _tiles(one: Seen) -> int:
    return one.tiles if isinstance(one, FramePlan) else one.rows * one.cols + 1


def _tags(one: Seen, n: int) -> str:
    if isinstance(one, FramePlan):
        return clip_tags(one.seconds, one.duration, _whole_tags(n))
    return image_tags(one, n)


def _whole_tags(n: int) -> str:
    return f"{FAKE_IMAGE}{GLOBAL_IMAGE}{IMAGE * n}{FAKE_IMAGE}"


def image_tags(grid: Grid, n: int) -> str:
    """The string that stands for one picture: `n` image tokens for each tile, row by row, the global tile last."""
    if grid.rows == 0:
        return _whole_tags(n)
    rows = (
        "".join(f"{FAKE_IMAGE}<row_{row}_col_{col}>{IMAGE * n}" for col in range(1, grid.cols + 1)) + "\n"
        for row in range(1, grid.rows + 1)
    )
    return "".join(rows) + "\n" + _whole_tags(n)
