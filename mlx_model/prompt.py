"""From a conversation to token ids: the chat template, the places of pictures, the text encoded as the reference does.

A user's text is text: special tokens in it are never more than their characters. Only raw prompts may write special
tokens. Knows nothing of pixels: a picture is a grid of tiles here, and each tile becomes the same number of image
tokens. Mirrors transformers' `models/smolvlm/processing_smolvlm.py` (5.23).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from PIL import Image

from mlx_model.chat_template import ChatTemplate, TemplateMessage, TemplatePart
from mlx_model.config import ModelConfig
from mlx_model.errors import CheckpointError, InputError
from mlx_model.tokenizer import FAKE_IMAGE, GLOBAL_IMAGE, IMAGE, Tokenizer, replace_surrogates


@dataclass(frozen=True)
class Text:
    """Words of a message."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A picture at its place between words. `name` is what errors call it."""

    image: Image.Image
    name: str = ""


Part = Text | Picture


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Prompt:
    """What the model reads. `text` is the prompt with one `<image>` for each picture, for people to look at."""

    ids: tuple[int, ...]
    text: str
    image_token_count: int


class Grid(Protocol):
    """A picture's tiles: rows x cols beside the global one, 0 x 0 when it is not split."""

    @property
    def rows(self) -> int: ...

    @property
    def cols(self) -> int: ...


def build_prompt(
    messages: Sequence[Message],
    grids: Sequence[Grid],
    template: ChatTemplate | None,
    tokenizer: Tokenizer,
    config: ModelConfig,
) -> Prompt:
    """Render a conversation with the checkpoint's template. `grids` has one entry for each picture, in order.

    InputError where the model cannot take such a conversation, CheckpointError where its template cannot.
    """
    pictures = [part for message in messages for part in message.parts if isinstance(part, Picture)]
    if len(pictures) != len(grids):
        raise ValueError(f"{len(pictures)} pictures, {len(grids)} grids")
    _check_can_see(grids, config)
    if template is None:
        raise CheckpointError(
            f"{tokenizer.file.parent} has no chat template, as Base checkpoints have none: use --raw, which sends the "
            "text as it is, or choose an Instruct checkpoint."
        )
    if any(not message.parts for message in messages):
        raise InputError("A message has neither words nor a picture: write something to ask.")
    rendered = template.render([_template_message(message, tokenizer) for message in messages])
    return _encode(rendered, grids, tokenizer, config, source=str(template.file))


def build_raw_prompt(text: str, grids: Sequence[Grid], tokenizer: Tokenizer, config: ModelConfig) -> Prompt:
    """The text as it is, without a template. Special tokens written in it are special.

    Pictures stand where the text says `<image>`, or all before it where it says none. InputError where it names another
    number of pictures than there are.
    """
    _check_can_see(grids, config)
    if not text and not grids:
        raise InputError("The raw prompt is empty: write some text to continue.")
    text = replace_surrogates(text)
    if IMAGE not in text:
        text = IMAGE * len(grids) + text
    elif config.vision is not None and text.count(IMAGE) != len(grids):
        raise InputError(
            f"The raw prompt has {IMAGE} {text.count(IMAGE)} times for {len(grids)} pictures: write it once for each, "
            "or leave it out to have the pictures before the text."
        )
    return _encode(text, grids, tokenizer, config, source="the raw prompt")


def _check_can_see(grids: Sequence[Grid], config: ModelConfig) -> None:
    if grids and config.vision is None:
        raise InputError("The model reads text alone and cannot look at pictures: choose a SmolVLM checkpoint.")


def _template_message(message: Message, tokenizer: Tokenizer) -> TemplateMessage:
    """A message as chat templates read it, its text protected."""
    parts: list[TemplatePart] = [
        {"type": "text", "text": tokenizer.protect(part.text)} if isinstance(part, Text) else {"type": "image"}
        for part in message.parts
    ]
    return {"role": message.role, "content": parts}


def _encode(text: str, grids: Sequence[Grid], tokenizer: Tokenizer, config: ModelConfig, source: str) -> Prompt:
    """Expand the placeholders and encode the whole as one string: pieces encoded apart would give other ids."""
    before, *after = [text] if config.vision is None else text.split(IMAGE)
    if len(after) != len(grids):
        raise CheckpointError(
            f"{source} wrote {len(after)} image placeholders for {len(grids)} pictures: the template does not fit "
            "the model. Download or convert the checkpoint again."
        )
    n = config.tokens_per_tile
    expanded = before + "".join(image_tags(grid, n) + words for grid, words in zip(grids, after, strict=True))
    count = n * sum(grid.rows * grid.cols + 1 for grid in grids)
    return Prompt(tuple(tokenizer.encode(expanded, special=True)), tokenizer.reveal(text), count)


def image_tags(grid: Grid, n: int) -> str:
    """The string that stands for one picture: `n` image tokens for each tile, row by row, the global tile last."""
    whole = f"{FAKE_IMAGE}{GLOBAL_IMAGE}{IMAGE * n}{FAKE_IMAGE}"
    if grid.rows == 0:
        return whole
    rows = (
        "".join(f"{FAKE_IMAGE}<row_{row}_col_{col}>{IMAGE * n}" for col in range(1, grid.cols + 1)) + "\n"
        for row in range(1, grid.rows + 1)
    )
    return "".join(rows) + "\n" + whole
