"""A checkpoint's chat template: where it stands, which form of messages it takes, what it makes of a conversation.

Knows neither token ids nor what `<image>` becomes. Mirrors the order in which transformers' `processing_utils.py` and
`tokenization_utils_base.py` (5.23) look for a template.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from mlx_model.errors import CheckpointError
from mlx_model.loading.json_file import read_json
from mlx_model.prompting.template_sandbox import compile_template, render_template
from mlx_model.prompting.tokenizer import IMAGE

LONGEST_TEMPLATE = 256 * 1024
LONGEST_OUTPUT = 1_000_000

_SPECIAL_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
# A line break and a quote: printed as part of a list, these words would be escaped.
_PROBE = "probe'\nwords"


class TemplatePart(TypedDict, total=False):
    """`{"type": "text", "text": ...}`, `{"type": "image"}` or `{"type": "video"}`."""

    type: str
    text: str


class TemplateMessage(TypedDict):
    """A message in the form that chat templates read."""

    role: str
    content: list[TemplatePart]


class ChatTemplate:
    """A template that is known to compile and to show a user's words. `file` is where it stands."""

    def __init__(self, source: str, file: Path, special_tokens: Mapping[str, str]) -> None:
        self.file = file
        self._special_tokens = special_tokens
        if len(source) > LONGEST_TEMPLATE:
            raise self._error(f"it has {len(source):,} characters, {LONGEST_TEMPLATE:,} are the limit")
        try:
            self._template = compile_template(source)
        except Exception as error:  # parsing a stranger's program: from a syntax error to too deep a nesting
            raise self._error(_reason(error)) from error
        self._takes_parts = self._find_form()

    @classmethod
    def from_folder(cls, folder: Path) -> "ChatTemplate | None":
        """The folder's template, None where it has none (a Base checkpoint). CheckpointError for an unusable one."""
        found = _find_source(folder)
        return None if found is None else cls(found[1], found[0], _special_tokens(folder))

    def render(self, messages: Sequence[TemplateMessage]) -> str:
        """The conversation as one string, `<image>` for each picture, up to where the assistant's answer begins."""
        if self._takes_parts:
            return self._render(list(messages))
        return self._render([{**message, "content": _joined(message["content"])} for message in messages])

    def _find_form(self) -> bool:
        """Whether contents are lists of parts (SmolVLM) rather than strings (SmolLM2): the form that shows a probe."""
        complaint = self._error("it leaves out what the user says")
        forms: list[tuple[bool, Any]] = [(True, [{"type": "text", "text": _PROBE}]), (False, _PROBE)]
        for takes_parts, content in forms:
            try:
                if _PROBE in self._render([{"role": "user", "content": content}]):
                    return takes_parts
            except CheckpointError as error:
                complaint = error
        raise complaint

    def _render(self, messages: Sequence[Mapping[str, Any]]) -> str:
        variables = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": True}
        longest = LONGEST_OUTPUT + len(str(messages))
        try:
            return render_template(self._template, {**self._special_tokens, **variables}, longest)
        except Exception as error:  # running a stranger's program
            raise self._error(_reason(error)) from error

    def _error(self, reason: str) -> CheckpointError:
        return CheckpointError(
            f"The chat template in {self.file} cannot be used: {reason}. Get the checkpoint from its authors again."
        )


def _joined(content: list[TemplatePart]) -> str:
    return "".join(part["text"] if part["type"] == "text" else IMAGE for part in content)


def _reason(error: Exception) -> str:
    """What went wrong, on one line of bounded length, as the words may be the template's own."""
    words = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return words if len(words) <= 200 else words[:200] + "…"


def _find_source(folder: Path) -> tuple[Path, str] | None:
    """The file that holds the folder's template, and the template."""
    for name in ("processor_config.json", "chat_template.json", "chat_template.jinja", "tokenizer_config.json"):
        file = folder / name
        if not file.exists():
            continue
        if file.suffix == ".jinja":
            return file, _read_text(file)
        source = read_json(file).get("chat_template")
        if source is not None:
            return file, _default(source, file)
    return None


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} could not be read ({error}). Download or convert it again.") from error


def _default(source: Any, file: Path) -> str:
    """The template itself, or the one named "default" of several: `{name: template}` or `[{name:, template:}, ...]`."""
    if isinstance(source, list):
        source = {entry.get("name"): entry.get("template") for entry in source if isinstance(entry, dict)}
    if isinstance(source, dict):
        source = source.get("default")
    if not isinstance(source, str):
        raise CheckpointError(
            f"The 'chat_template' in {file} is neither a text nor several with one named 'default'. Get the file again."
        )
    return source


def _special_tokens(folder: Path) -> dict[str, str]:
    """`bos_token` and its like as templates may name them; each is a string or an object with the string in it."""
    file = folder / "tokenizer_config.json"
    values = read_json(file) if file.exists() else {}
    tokens = {name: values.get(name) for name in _SPECIAL_TOKENS}
    contents = {name: token.get("content") if isinstance(token, dict) else token for name, token in tokens.items()}
    return {name: content for name, content in contents.items() if isinstance(content, str)}
