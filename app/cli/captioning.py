"""`smolsight describe CLIP --captions`: a clip from beginning to end, window by window, each captioned when it is seen.

The clip is decoded in one pass, the next window while the present one is asked about. Whoever stops early keeps what is
done. Knows neither options nor forms of files; `describe.py` and `captions.py` do.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from app.answers.alt_text import as_alt_text
from app.answers.captions import FORMATS, Caption
from app.answers.clock import span
from app.answers.records import Asked, answer_record, blank_record
from app.asking.questions import Question, as_request
from app.asking.tasks import summary_task
from app.cli.jobs import stream_job
from app.cli.progress import Progress
from app.cli.signals import stoppable
from app.cli.stderr import say
from app.shelf import Installed
from app.terminal import one_line, strip_controls
from mlx_model.errors import Cancelled, ContextLimitError, InputError

if TYPE_CHECKING:
    from mlx_model.config import ImageConfig
    from mlx_model.events import Answer
    from mlx_model.media.video import Clip
    from mlx_model.protocol import Engine
    from mlx_model.request import Request

FEATURE_BYTES = 32 * 2**20  # what does not move from one window to the next is looked at once
CAPTIONS = "captions"  # a conversation of which each window is an edit: how its prompt begins is read once


@dataclass(frozen=True)
class Wanted:
    """What is to be made of a clip: captions in this format, one for `every` so many seconds, on stdout or in `out`."""

    format: str
    every: float
    out: Path | None = None
    summary: bool = False


def caption_clip(
    installed: Installed, question: Question, path: str, wanted: Wanted, progress: Progress, remembering: dict[str, Any]
) -> None:
    """Write the captions of the clip at `path`; `remembering` is for the engine.

    Raises SmolsightError, and OSError where they cannot be written.
    """
    from app.cli.log_warnings import show_warnings
    from mlx_model.engine import MLXEngine
    from mlx_model.media.video_decoder import stated_seconds

    progress.show(f"Opening {Path(path).name}")
    about = stated_seconds(Path(path), one_line(path))  # also finds what cannot be decoded, before the model is read
    show_warnings()
    with closing(MLXEngine(feature_bytes=FEATURE_BYTES, **remembering)) as engine, stoppable() as stopped:
        run = _Run(installed, question, path, wanted, progress, engine, stopped)
        try:
            run.write(about)
        except Cancelled:
            if not stopped.is_set():
                raise
        finally:
            progress.clear()
            run.say_what_was_cut()


class _Run:
    """One clip on its way to captions."""

    def __init__(
        self,
        installed: Installed,
        question: Question,
        path: str,
        wanted: Wanted,
        progress: Progress,
        engine: "Engine",
        stopped: Event,
    ) -> None:
        self.question, self.path, self.wanted, self.progress = question, path, wanted, progress
        self.engine, self.stopped = engine, stopped
        self.folder = installed.folder
        self.words = question.clip_words or question.words
        self.asked = Asked((path,), installed.name, installed.notice, self.words, question.detail)
        self.load_seconds = 0.0
        self.captions: list[Caption] = []
        self.cut = 0
        self.last: tuple[Clip, Caption] | None = None

    def write(self, about: float) -> None:
        """All of it; `about` is roughly the clip's length in seconds, 0 if unknown."""
        config = self._load()
        form = FORMATS[self.wanted.format]()
        with _destination(self.wanted.out, lambda: bool(self.captions)) as put:
            put(form.begin(Path(one_line(self.path)).name))
            for window in self._windows(config, about):
                caption = self._caption(window)
                put(form.add(caption))
                self.captions.append(caption)
            if self.wanted.summary:
                summary = self._summary()
                if not (text := form.summarize(summary)):
                    click.echo(summary.text, err=self.wanted.out is None)
                put(text)

    def _load(self) -> "ImageConfig":
        from mlx_model.protocol import Load, Loaded

        self.progress.show(f"Loading {self.asked.model}")
        config = None
        for event in stream_job(self.engine, Load(self.folder), self.stopped):
            if isinstance(event, Loaded):
                self.load_seconds, config = event.seconds, event.image_config
        if config is None:
            raise InputError("The model reads text alone and cannot look at clips: choose a SmolVLM checkpoint.")
        return config

    def _windows(self, config: "ImageConfig", about: float) -> "Iterator[Clip]":
        from mlx_model.media.read_ahead import read_ahead
        from mlx_model.media.video import Watching
        from mlx_model.media.windows import stream_windows

        question = self.question
        watching = Watching(question.fps, question.max_frames, question.start or 0.0, question.end)
        until = int(about if watching.end is None else min(about, watching.end)) or None
        windows = stream_windows(
            Path(self.path), config, self.wanted.every, watching, one_line(self.path), cancelled=self.stopped
        )
        with closing(read_ahead(windows)) as ahead:
            for window in ahead:
                self.progress.show(f"Watching {Path(self.path).name}: second", int(window.watching.start), until)
                yield window

    def _caption(self, window: "Clip") -> Caption:
        start, end = window.watching.start, window.watching.end or window.duration
        if self.last and self.question.temperature == 0 and _look_alike(self.last[0], window):
            return replace(self.last[1], start=start, end=end)
        record = self._blank_record(window)
        if record is None:
            answer = self._ask(as_request(self.question, [window], self.words))
            text = strip_controls(answer.text).strip()
            if limit := self.question.max_characters:
                text = as_alt_text(text, limit)
            record = answer_record(self.asked, answer, text, self.load_seconds)
        self.cut += record["finish_reason"] == "length"
        caption = Caption(start, end, record["text"], record)
        self.last = window, caption
        return caption

    def _blank_record(self, window: "Clip") -> dict[str, Any] | None:
        """What there is to say of a window with nothing on it, so without the model; None where there is something."""
        from PIL import Image

        from mlx_model.media.images import is_blank

        blank = {is_blank(Image.fromarray(tile)) for tile in window.tiles} if self.question.names_blank else {None}
        sentence = next(iter(blank))
        if len(blank) > 1 or sentence is None:
            return None
        return {**blank_record(self.asked, sentence, self.load_seconds), "kind": "clip"}

    def _ask(self, request: "Request") -> "Answer":
        from mlx_model.events import Answered
        from mlx_model.protocol import Ask

        for event in stream_job(self.engine, Ask(self.folder, request, conversation=CAPTIONS), self.stopped):
            if isinstance(event, Answered) and event.answer.finish_reason != "cancelled":
                return event.answer
        raise Cancelled("The captions were stopped.")

    def _summary(self) -> Caption:
        self.progress.show("Summing up")
        said = groupby(self.captions, lambda caption: caption.text)
        runs = [(text, list(captions)) for text, captions in said]
        answer = self._sum_up([f"{span(run[0].start, run[-1].end)}: {text}" for text, run in runs])
        text = strip_controls(answer.text).strip()
        record = answer_record(replace(self.asked, question=summary_task().question), answer, text, self.load_seconds)
        return Caption(self.captions[0].start, self.captions[-1].end, text, {**record, "kind": "summary"})

    def _sum_up(self, lines: list[str]) -> "Answer":
        """The model's summary of the lines; of the summaries of their halves where they are too many for it."""
        task = summary_task()
        question = replace(self.question, max_tokens=task.max_tokens)
        request = as_request(question, [], task.question.format(captions="\n".join(lines)))
        try:
            return self._ask(request)
        except ContextLimitError:
            if len(lines) < 3:
                raise
        half = len(lines) // 2
        return self._sum_up([self._sum_up(part).text for part in (lines[:half], lines[half:])])

    def say_what_was_cut(self) -> None:
        if self.cut:
            say(
                f"{self.cut} of {len(self.captions)} captions were cut off after {self.question.max_tokens} tokens; "
                "--max-tokens allows more."
            )


def _look_alike(window: "Clip", other: "Clip") -> bool:
    """Whether the model would see the same in both, and so say the same."""
    same = window.times == other.times and window.duration == other.duration
    return same and all((mine == its).all() for mine, its in zip(window.tiles, other.tiles, strict=True))


@contextmanager
def _destination(out: Path | None, has_captions: Callable[[], bool]) -> Iterator[Callable[[str], None]]:
    """Where text is written. A file appears when all is done; it replaces an older one then, and not before.

    Whoever stops early finds what was done by then, unless a file was there before, which stays.
    """

    from mlx_model.whole_file import whole_file

    if out is None:
        yield lambda text: click.echo(_utf8(text), nl=False)
        return
    existed, broken_off = out.exists(), None
    with whole_file(out) as file:

        def put(text: str) -> None:
            file.write(_utf8(text))

        try:
            yield put
        except BaseException as error:
            if existed or not has_captions():
                raise
            broken_off = error
    if broken_off is not None:
        say(f"{out} holds the captions that were done by then.")
        raise broken_off


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
