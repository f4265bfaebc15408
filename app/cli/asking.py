"""One question after the other to one model: read the pictures, load the model once, hand the answer on as it comes.

Knows neither options nor exit codes; `describe.py` and `chat.py` do. The first readable picture loads the model, so a
wrong path costs no wait.
"""

from pathlib import Path
from threading import Event
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from app.answers.footer import left_out
from app.answers.records import Asked, answer_record, blank_record
from app.asking.questions import Question, as_request, shown_text, words_about
from app.cli.inputs import read_input
from app.cli.jobs import stream_job
from app.cli.output import Output
from app.cli.progress import Progress
from app.cli.signals import stoppable
from app.cli.stderr import say, whisper
from app.shelf import Installed

if TYPE_CHECKING:
    from mlx_model.engine import MLXEngine
    from mlx_model.events import Answer
    from mlx_model.protocol import Ask, Engine


class Asking:
    """Asks an installed model, which is loaded at the first need; `remembering` is for the engine.

    A context manager: its end is the engine's.
    """

    def __init__(
        self,
        installed: Installed,
        question: Question,
        output: Output,
        progress: Progress,
        remembering: dict[str, Any],
    ) -> None:
        self.installed = installed
        self.question = question
        self.output = output
        self.progress = progress
        self.remembering = remembering
        self._engine: Engine | None = None
        self._load_seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            self._engine.close()

    def ask(self, paths: tuple[str, ...], *, together: bool = False) -> None:
        """Answer the question about these inputs, or about none, on the output. Raises SmolsightError."""
        from mlx_model.media.images import is_blank
        from mlx_model.prompting.prompt import Picture
        from mlx_model.protocol import Ask

        question, installed = self.question, self.installed
        about = Path(paths[0]).name if len(paths) == 1 else f"{len(paths)} inputs"
        if paths:
            self.progress.show(f"Opening {about}")
        begin = perf_counter()
        media = [read_input(path, question.watching) for path in paths]
        reading = perf_counter() - begin
        words = words_about(question, media)
        asked = Asked(paths, installed.name, installed.notice, words, question.detail, together)
        self._ready()
        first = media[0] if len(media) == 1 else None
        if question.names_blank and isinstance(first, Picture) and (sentence := is_blank(first.image)):
            self.progress.clear()
            self.output.end(blank_record(asked, sentence, self._load_seconds))
        else:
            self._answer(asked, Ask(installed.folder, as_request(question, media, words), reading), about)

    def _ready(self) -> "Engine":
        """The engine, with the model loaded."""
        if self._engine is None:
            self.progress.show(f"Loading {self.installed.name}")
            from app.cli.log_warnings import show_warnings
            from mlx_model.protocol import Load, Loaded

            show_warnings()
            self._engine = self._new_engine()
            for event in stream_job(self._engine, Load(self.installed.folder), Event()):
                if isinstance(event, Loaded):
                    self._load_seconds = event.seconds
        return self._engine

    def _new_engine(self) -> "MLXEngine":
        from mlx_model.engine import MLXEngine

        # Nothing is asked twice about a picture in a run, so its features are not worth the hashing of its pixels.
        return MLXEngine(feature_bytes=0, **self.remembering)

    def _answer(self, asked: Asked, job: "Ask", about: str) -> None:
        from mlx_model.events import Answered, Forgot, Prefilled, TextDelta, TilesEncoded

        try:
            with stoppable() as stopped:
                for event in stream_job(self._ready(), job, stopped):
                    match event:
                        case Forgot(media, messages):
                            self.progress.clear()
                            say(f"the conversation outgrew the model's context: {left_out(media, messages)}.")
                        case TilesEncoded(done, total):
                            self.progress.show(f"Looking at {about}: tile", done, total)
                        case Prefilled(done, total):
                            self.progress.show("Reading the prompt: token", done, total)
                        case TextDelta(text):
                            self._add(asked, text)
                        case Answered(answer):
                            self._end(asked, answer)
        finally:
            self.progress.clear()
            self.output.break_off()

    def _add(self, asked: Asked, text: str) -> None:
        if self.output.streams and not self.question.is_reshaped:
            self.progress.clear()
            self.output.add(asked.path, text)
        else:
            self.progress.show("Writing")

    def _end(self, asked: Asked, answer: "Answer") -> None:
        self.progress.clear()
        text = shown_text(self.question, answer.text)
        self.output.end(answer_record(asked, answer, text, self._load_seconds))
        if reason := self._why_cut(answer):
            say(f"{asked.paths[0]}: {reason}" if len(asked.paths) == 1 else reason)
        whisper(statistics(answer))

    def _why_cut(self, answer: "Answer") -> str | None:
        """Why the model did not end by itself, and what would let it."""
        if answer.finish_reason == "repetition":
            return "the model began to repeat itself and was stopped; --no-repetition-guard lets it go on."
        if answer.finish_reason != "length":
            return None
        cut = f"the answer was cut off after {answer.generated_tokens} tokens"
        if answer.generated_tokens < self.question.max_tokens:
            return f"{cut}, where the model's context ends; a lower --detail or --max-frames leaves more room."
        return f"{cut}; --max-tokens allows more."


def statistics(answer: "Answer") -> str:
    """Time to the first word, speed and size of an answer, for whoever watches."""
    facts = []
    if answer.seconds.first_token is not None:
        facts.append(f"{answer.seconds.first_token:.1f} s to first word")
    if answer.tokens_per_second is not None:
        facts.append(f"{answer.tokens_per_second:.0f} tokens/s")
    if tiles := sum(plan.tiles for plan in answer.plans):
        facts.append(f"{tiles} {'tile' if tiles == 1 else 'tiles'}, {answer.image_tokens} image tokens")
    if answer.cached_tokens:
        facts.append(f"{answer.cached_tokens} of {answer.prompt_tokens} tokens read before")
    facts.append(f"{answer.generated_tokens} tokens")
    return " · ".join(facts)
