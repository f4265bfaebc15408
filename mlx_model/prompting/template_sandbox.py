"""Runs a chat template, which is a program from a stranger.

jinja2's immutable sandbox keeps it from Python's inside and from changing what it is given. On top of that it has half
a second of computing time and a bound on what it writes, so that a loop without end becomes an error. Knows nothing of
models. The environment is the one of transformers' `utils/chat_template_utils.py` (5.23), so that published templates
render alike.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sized
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import Any, NoReturn

from jinja2 import Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, LoopControlExtension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 0.5
LARGEST_PRODUCT = 1_000_000


def compile_template(source: str) -> Template:
    """A template ready to render; raises what jinja2 raises."""
    return _Sandbox().from_string(source)


def render_template(template: Template, variables: Mapping[str, Any], longest: int) -> str:
    """The template's output of at most `longest` characters; raises whatever the template's program raises."""
    output, length = [], 0
    with _time_limit(SECONDS):
        for piece in template.generate(variables):
            output.append(piece)
            length += len(piece)
            if length > longest:
                raise SecurityError(f"it writes more than {longest:,} characters")
    return "".join(output)


class _GenerationBlock(Extension):
    """`{% generation %}` marks what a model is trained on; in a prompt it changes nothing."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Sandbox(ImmutableSandboxedEnvironment):
    # One `x * 10 ** 12` is a single step that no time limit can interrupt.
    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        # Unoptimized: constant expressions would be computed while compiling, outside the time limit.
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, optimized=False, extensions=[_GenerationBlock, LoopControlExtension]
        )
        self.filters["tojson"] = _tojson
        self.globals["raise_exception"] = _raise_exception
        self.globals["strftime_now"] = lambda pattern: datetime.now().strftime(pattern)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or _size(left) * _size(right) > LARGEST_PRODUCT:
            raise SecurityError(f"it computes a power or a product above {LARGEST_PRODUCT:,}")
        return super().call_binop(context, operator, left, right)


def _size(value: Any) -> float:
    return len(value) if isinstance(value, Sized) else abs(value)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """jinja2's own filter would escape HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


class _Overtime(BaseException):
    """Not an Exception, so that no `except Exception` on the way can swallow it."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """TimeoutError for Python code of this thread that computes longer.

    A trace function is the only way to stop it from within the process and in any thread.
    """
    deadline = time.thread_time() + seconds

    def check(frame: FrameType, event: str, argument: object) -> Any:
        if time.thread_time() > deadline:
            raise _Overtime
        return check

    previous = sys.gettrace()
    sys.settrace(check)
    try:
        yield
    except _Overtime:
        raise TimeoutError(f"it does not come to an end within {seconds:g} s") from None
    finally:
        sys.settrace(previous)
