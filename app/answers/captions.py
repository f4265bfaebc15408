"""Captions along a clip as files that other programs read: SubRip, WebVTT, JSON lines and Markdown.

A format gives the text for a file's beginning, for each caption and for a summary, so that captions can be written as
they come and a file that breaks off after any of them is a valid one. What a model says may look like markup; here it
stays words. Knows no model and no stream.

SubRip has no standard; this is what ffmpeg and players read. https://www.w3.org/TR/webvtt1/
"""

import re
import textwrap
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.answers.clock import clock, span
from app.answers.records import as_json_line
from app.terminal import strip_controls

LINE_WIDTH = 42  # characters: what broadcasters and streaming services allow on one line of subtitles
NOTHING = "(no words)"  # in place of an empty answer: a cue without text is dropped or misread by some players


@dataclass(frozen=True)
class Caption:
    """What a clip shows from `start` to `end`, in seconds. `record` has whatever else is known of it, for JSON."""

    start: float
    end: float
    text: str
    record: dict[str, Any] = field(default_factory=dict)


class CaptionFormat(Protocol):
    """One kind of file. Each method gives the text to be written next."""

    def begin(self, title: str) -> str: ...

    def add(self, caption: Caption) -> str: ...

    def summarize(self, summary: Caption) -> str:
        """A summary of the whole, behind the last caption. Empty where the format has no place for one."""


class SubRip:
    """`.srt`: numbered cues. Tags cannot be escaped in it, so what looks like one is written in other characters."""

    def __init__(self) -> None:
        self._number = 0

    def begin(self, title: str) -> str:
        return ""

    def add(self, caption: Caption) -> str:
        self._number += 1
        words = re.sub(r"<(?=[A-Za-z/])", "‹", " ".join(caption.text.split()).replace("-->", "->")).replace(
            "{\\", "(\\"
        )
        return f"{self._number}\n{clock(caption.start, ',')} --> {clock(caption.end, ',')}\n{_wrap(words)}\n\n"

    def summarize(self, summary: Caption) -> str:
        return ""


class WebVTT:
    """`.vtt`: cues with markup escaped; the summary is a comment, which players do not show."""

    def begin(self, title: str) -> str:
        return "WEBVTT\n\n"

    def add(self, caption: Caption) -> str:
        # Wrapped before it is escaped: what is seen is what counts.
        text = _escape(_wrap(" ".join(caption.text.split())))
        return f"{clock(caption.start)} --> {clock(caption.end)}\n{text}\n\n"

    def summarize(self, summary: Caption) -> str:
        return f"NOTE\n{_escape(_wrap(' '.join(summary.text.split()), 78))}\n\n"


class JsonLines:
    """`.jsonl`: one object a caption, with its span; the summary is the last, of kind "summary"."""

    def begin(self, title: str) -> str:
        return ""

    def add(self, caption: Caption) -> str:
        span = {"start": caption.start, "end": caption.end}
        return as_json_line({**caption.record, "text": caption.text, "span": span}).decode("utf-8")

    def summarize(self, summary: Caption) -> str:
        return self.add(summary)


class Markdown:
    """`.md`: a list with the times in bold, the summary under a heading of its own."""

    def begin(self, title: str) -> str:
        return f"# {_plain(title)}\n\n"

    def add(self, caption: Caption) -> str:
        return f"- **{span(caption.start, caption.end)}** {_plain(caption.text) or NOTHING}\n"

    def summarize(self, summary: Caption) -> str:
        return f"\n## Summary\n\n{_plain(summary.text) or NOTHING}\n"


FORMATS: dict[str, type[CaptionFormat]] = {"srt": SubRip, "vtt": WebVTT, "jsonl": JsonLines, "md": Markdown}


def _wrap(text: str, width: int = LINE_WIDTH) -> str:
    return "\n".join(textwrap.wrap(text, width, break_on_hyphens=False)) or NOTHING


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    """One paragraph in which Markdown sees no markup."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(strip_controls(text).split()))
