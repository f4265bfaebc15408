"""Text to token ids and back: byte-level BPE (SmolLM2's and its kin) through the `tokenizers` library.

Special tokens are found here, in Python, and the text between them is given to the library as plain text. So it is the
caller who decides which characters may become a special token: `protect` marks a user's text so that none of it does.
Knows no chat template and no picture. https://github.com/huggingface/tokenizers
"""

import codecs
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import tokenizers
from tokenizers import AddedToken
from tokenizers.decoders import ByteLevel

from mlx_model.config import ModelConfig
from mlx_model.errors import CheckpointError

IMAGE = "<image>"
FAKE_IMAGE = "<fake_token_around_image>"
GLOBAL_IMAGE = "<global-img>"
END_OF_UTTERANCE = "<end_of_utterance>"

_PROMPT_TAG = re.compile(rf"{IMAGE}|{FAKE_IMAGE}|{GLOBAL_IMAGE}|{END_OF_UTTERANCE}|<row_\d+_col_\d+>")
# A document model's answer is made of these; its tokenizer calls them special.
_DOCTAG = re.compile(r"</?[a-z][a-z0-9_]*>|<_[^<>]+_>")
# With a prefix that its tokens do not have, the library aborts the whole process.
_SUBWORD_PREFIX = re.compile(rb'"continuing_subword_prefix"\s*:\s*"[^"]')
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_FIRST_MARK = 0xD800


class Tokenizer:
    """A folder's tokenizer. `special_tokens` holds those that never count as text, `vocab_size` is one above the
    highest id."""

    def __init__(self, backend: tokenizers.Tokenizer, file: Path) -> None:
        if not isinstance(backend.decoder, ByteLevel):
            raise CheckpointError(
                f"{file} is not byte-level BPE (its decoder is {type(backend.decoder).__name__}): "
                "only the tokenizers of SmolVLM, SmolLM2 and their kin can be used."
            )
        self.file = file
        self._backend = backend
        # A file may carry the settings of its training run: they would cut or fill our prompts.
        backend.no_truncation()
        backend.no_padding()
        # What a prompt is built from is special, whatever the file says, so that a user's text cannot contain it.
        words = [token.content for token in backend.get_added_tokens_decoder().values() if not token.special]
        tags = filter(_PROMPT_TAG.fullmatch, words)
        backend.add_special_tokens([AddedToken(tag, special=True, normalized=False) for tag in tags])
        backend.encode_special_tokens = True

        added = backend.get_added_tokens_decoder()
        special = {token_id: token for token_id, token in added.items() if token.special}
        self.special_tokens = frozenset(token.content for token in special.values())
        self.vocab_size = max([backend.get_vocab_size(with_added_tokens=False), *(token_id + 1 for token_id in added)])
        self._special_id = {token.content: token_id for token_id, token in special.items()}
        shown = _doctags(special)
        self._silent_ids = frozenset(token_id for token_id in special if token_id not in shown)
        self._special_pattern = _special_pattern(special.values())
        # Lone surrogates are no text, so no user's text holds one after `replace_surrogates`: they make free marks.
        openers = sorted({IMAGE[0], *(content[0] for content in self.special_tokens)})
        self._protect = {ord(opener): _FIRST_MARK + number for number, opener in enumerate(openers)}
        self._reveal = {mark: opener for opener, mark in self._protect.items()}

    @classmethod
    def from_folder(cls, folder: Path) -> "Tokenizer":
        """Read `tokenizer.json`; CheckpointError where it is missing, broken or of another kind."""
        file = folder / "tokenizer.json"
        try:
            content = file.read_bytes()
            if _SUBWORD_PREFIX.search(content):
                raise ValueError("byte-level BPE has no 'continuing_subword_prefix'")
            return cls(tokenizers.Tokenizer.from_buffer(content), file)
        except FileNotFoundError:
            raise CheckpointError(f"{file} is missing: download or convert the checkpoint again.") from None
        except CheckpointError:
            raise
        except Exception as error:  # the library raises plain exceptions
            raise CheckpointError(
                f"{file} could not be read as a tokenizer ({error}). Download or convert the checkpoint again."
            ) from error

    def token_id(self, token: str) -> int | None:
        """The id of a token by its content, None where there is no such token."""
        return self._backend.token_to_id(token)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Ids of the text. With `special`, strings of special tokens become those tokens, but for protected ones."""
        if not special:
            return self._encode_plain(replace_surrogates(text))
        ids: list[int] = []
        end = 0
        for match in self._special_pattern.finditer(text):
            ids += self._encode_plain(self.reveal(text[end : match.start()]))
            content = match[0] if match[0] in self._special_id else match[0].strip()
            ids.append(self._special_id[content])
            end = match.end()
        return ids + self._encode_plain(self.reveal(text[end:]))

    def _encode_plain(self, text: str) -> list[int]:
        return self._backend.encode(text, add_special_tokens=False).ids if text else []

    def protect(self, text: str) -> str:
        """The text with every character that could open a special token marked, so that `encode` takes it as text.

        One character stands for one, so templates may measure, trim and slice the result.
        """
        return replace_surrogates(text).translate(self._protect)

    def reveal(self, text: str) -> str:
        """Undo `protect`."""
        return replace_surrogates(text.translate(self._reveal))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids. Special tokens are not shown; bytes that are no UTF-8 become U+FFFD."""
        stream = self.stream()
        return "".join(map(stream.push, ids)) + stream.flush()

    def stream(self) -> "TextStream":
        """A decoder that takes one id after the other."""
        return TextStream(self)

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes that a token adds to the text: none for unknown ones, and for special ones but DocTags."""
        token = None if token_id in self._silent_ids else self._backend.id_to_token(token_id)
        if token is None:
            return b""
        try:
            return bytes(_BYTE_OF[character] for character in token)
        except KeyError:  # an added token is stored as it reads
            return token.encode()


class TextStream:
    """Decodes token by token at constant cost. Bytes of an unfinished character wait for the rest of it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        """The whole characters that this token completes, often more than one, sometimes none."""
        return self._decoder.decode(self._tokenizer.token_bytes(token_id))

    def flush(self) -> str:
        """What was held back when the answer ended: a character cut short shows as U+FFFD."""
        return self._decoder.decode(b"", final=True)


def check_tokenizer(tokenizer: Tokenizer, config: ModelConfig) -> None:
    """CheckpointError where tokenizer and model disagree: an id without an embedding, or image tokens that differ."""
    if tokenizer.vocab_size > config.text.vocab_size:
        raise CheckpointError(
            f"{tokenizer.file} has ids up to {tokenizer.vocab_size - 1:,}, the model's vocabulary ends at "
            f"{config.text.vocab_size - 1:,}: they are of different checkpoints. Download or convert it again."
        )
    if config.vision is None:
        return
    if tokenizer.token_id(IMAGE) != config.image_token_id:
        raise CheckpointError(
            f"{tokenizer.file} gives {IMAGE} the id {tokenizer.token_id(IMAGE)}, config.json {config.image_token_id}: "
            "they are of different checkpoints. Download or convert it again."
        )
    for tag in (IMAGE, FAKE_IMAGE):
        if tag not in tokenizer.special_tokens:
            raise CheckpointError(
                f"{tokenizer.file} does not have {tag} among its added tokens, so no prompt could hold a picture. "
                "Download or convert the checkpoint again."
            )


def replace_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which is no character and has no UTF-8."""
    return _SURROGATES.sub("\ufffd", text)


def _doctags(special: dict[int, AddedToken]) -> frozenset[int]:
    """The special tokens that are a document model's markup; none where the tokenizer has no `<doctag>`."""
    contents = {token_id: token.content for token_id, token in special.items()}
    if "<doctag>" not in contents.values():
        return frozenset()
    return frozenset(
        token_id
        for token_id, content in contents.items()
        if _DOCTAG.fullmatch(content) and not _PROMPT_TAG.fullmatch(content)
    )


def _special_pattern(special: Iterable[AddedToken]) -> re.Pattern[str]:
    """Matches a special token, the longest first as in the library, with the space that some take from beside them.

    Without groups, so that `re` sees that all begin with "<" and skips what does not: 30 times faster.
    """
    longest_first = sorted(special, key=lambda token: -len(token.content))
    space = {True: r"\s*", False: ""}
    parts = [space[token.lstrip] + re.escape(token.content) + space[token.rstrip] for token in longest_first]
    return re.compile("|".join(parts) or "(?!)")


def _byte_of() -> dict[str, int]:
    """GPT-2's alphabet: a byte is written as itself where that is printable, else as a character from U+0100 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


_BYTE_OF = _byte_of()
