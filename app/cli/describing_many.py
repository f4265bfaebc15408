"""`smolsight describe` for folders, patterns and lists: one job, one line of progress, one reckoning at the end.

What is asked of which file, and what is known already, is in `app/asking/describing.py`; where answers go, in
`sinks.py`.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from app.answers.writers import LINE_FORMATS
from app.asking.answer_store import AnswerStore
from app.asking.batch_pace import pace_words
from app.asking.describing import Describing, Outcome
from app.asking.questions import Question
from app.cli.errors import exit_code, sentence
from app.cli.jobs import stream_job
from app.cli.many_options import DEFAULT_BATCH, Many
from app.cli.output import JsonOutput, WordsOutput
from app.cli.progress import Progress
from app.cli.signals import stoppable
from app.cli.sinks import BesidePictures, LinesOutput, OneFile, Sink, Stdout
from app.cli.stderr import say
from app.inputs.picture_files import Listing, list_pictures
from app.shelf import Installed
from app.terminal import one_line
from mlx_model.errors import Cancelled, DetailError, InputError


def describe_many(
    inputs: Sequence[str],
    many: Many,
    question: Question,
    installed: Installed,
    progress: Progress,
    remembering: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    """Describe every file that the inputs stand for; `remembering` is for the engine. An exit code.

    Raises SmolsightError.
    """
    progress.show("Listing pictures")
    listing = list_pictures(inputs, recursive=many.recursive)
    progress.clear()
    if listing.clips:
        say(f"{_counted(listing.clips, 'clip')} in these folders left out; name clips to have them described.")
    sink = _sink(listing.files, many, as_json=as_json)
    with closing(AnswerStore()) as store:
        run = _Run(listing, sink, question, installed, store, progress, remembering)
        return run.run(many.batch or DEFAULT_BATCH)


def _sink(files: list[Path], many: Many, *, as_json: bool) -> Sink:
    if many.write == "txt":
        return BesidePictures(files, overwrite=many.overwrite)
    if many.write and many.out:
        return OneFile(many.out, LINE_FORMATS[many.write])
    if many.write:
        return Stdout(LinesOutput(LINE_FORMATS[many.write]))
    return Stdout(JsonOutput() if as_json else WordsOutput(streams=False, with_paths=True))


class _Run:
    """One run, and the count of what came of it."""

    def __init__(
        self,
        listing: Listing,
        sink: Sink,
        question: Question,
        installed: Installed,
        store: AnswerStore,
        progress: Progress,
        remembering: dict[str, Any],
    ) -> None:
        self.listing, self.sink, self.question, self.installed = listing, sink, question, installed
        self.store, self.progress, self.remembering = store, progress, remembering
        self.count: Counter[str] = Counter()
        self.failures: list[str] = []
        self.worst = 0
        self._asked_since = 0.0

    def run(self, batch: int) -> int:
        for named, reason in self.listing.failed:
            self._fail(named, InputError(f"{one_line(str(named))} {reason}."))
        files = [path for path in self.listing.files if self._is_open(path)]
        try:
            if files:
                self._describe(files, batch)
            self.sink.finish()
        except BrokenPipeError:
            raise  # the reader had enough, and wants no reckoning either
        except BaseException:
            self._reckon()
            self._say_how_to_go_on(len(files))
            raise
        self._reckon()
        return self.worst

    def _is_open(self, path: Path) -> bool:
        """Whether a file is still to be described."""
        try:
            if not self.sink.is_done(path):
                return True
            self.count["there"] += 1
        except InputError as error:
            self._fail(path, error)
        return False

    def _describe(self, files: list[Path], batch: int) -> None:
        from app.cli.log_warnings import show_warnings
        from mlx_model.engine import MLXEngine
        from mlx_model.protocol import AskMany, Loaded, LoadStarted

        if self.store.trouble:
            say(self.store.trouble)
        show_warnings()
        describing = Describing(files, self.question, self.installed, self.store)
        # Nothing is asked twice about a picture in a run, so its features are not worth the hashing of its pixels.
        engine = MLXEngine(feature_bytes=0, **self.remembering)
        try:
            with stoppable() as stopped, suppress(Cancelled):
                for event in stream_job(engine, AskMany(self.installed.folder, describing.openings(), batch), stopped):
                    if isinstance(event, LoadStarted):
                        self.progress.show(f"Loading {self.installed.name}")
                    if isinstance(event, Loaded):
                        self._asked_since = monotonic()
                    for outcome in describing.hear(event):
                        self._take(outcome)
                    if describing.settled or self._asked_since:
                        self.progress.show(self._pace(len(files) - describing.settled), describing.settled, len(files))
        finally:
            engine.close()

    def _take(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            if isinstance(outcome.error, DetailError):
                raise outcome.error  # the others would not fare better
            self._fail(outcome.path, outcome.error, outcome.same_as)
            return
        assert outcome.record is not None, "an outcome without an error has a record"
        if self.sink.is_shown:
            self.progress.clear()
        self.sink.put(outcome.path, outcome.record)
        self.count["known" if outcome.was_known else "copies" if outcome.same_as else "described"] += 1
        self.count[outcome.record["finish_reason"]] += 1

    def _fail(self, path: Path, error: Exception, same_as: Path | None = None) -> None:
        message = sentence(error)
        if same_as:
            message = f"{one_line(str(path))} has the same content as {one_line(str(same_as))}: {message}"
        self.failures.append(message)
        self.worst = max(self.worst, exit_code(error))
        self.sink.fail(path, message, type(error).__name__)

    def _pace(self, left: int) -> str:
        """How fast it goes, once that can be said."""
        pace = pace_words(self.count["described"], monotonic() - self._asked_since, left)
        return f"Describing, {pace}:" if pace else "Describing:"

    def _say_how_to_go_on(self, total: int) -> None:
        if not (settled := sum(self.count[name] for name in ("described", "copies", "known"))):
            return
        where = self.store.trouble or "what was described is kept: run the same command again to go on."
        say(f"Stopped with {total - settled:,} to go; {where}")

    def _reckon(self) -> None:
        """What came of it all, in a few lines."""
        self.progress.clear()
        said = {
            "described": "described",
            "copies": "of the same content as another",
            "known": "known from an earlier run",
            "there": "with a text file already",
        }
        facts = [f"{self.count[name]:,} {words}" for name, words in said.items() if self.count[name]]
        if self.failures:
            facts.append(f"{len(self.failures):,} failed")
        if facts and self.listing.files:
            say(f"{_counted(len(self.listing.files), 'picture')}: {', '.join(facts)}.")
        for message in self.failures:
            say(message)
        if cut := self.count["length"]:
            say(f"{_counted(cut, 'answer')} cut off at --max-tokens, {self.question.max_tokens} here.")
        if loops := self.count["repetition"]:
            say(f"{_counted(loops, 'answer')} stopped where the model began to repeat itself.")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
