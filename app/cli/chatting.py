"""A conversation with one model: what was said and shown, and the next question to it. Knows no options, no exit codes.

The whole conversation goes to the engine each time, which has read most of it before. A question that fails is no part
of it.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from app.answers.records import Asked
from app.asking.questions import Question, conversation_request
from app.cli.asking import Asking
from app.cli.chat_lines import as_path, has_terminal
from app.cli.generation_options import DetailType
from app.cli.inputs import STDIN, read_input
from app.cli.jobs import stream_job
from app.cli.output import Output
from app.cli.progress import Progress
from app.cli.signals import Terminated
from app.cli.stderr import say, whisper
from app.shelf import Installed, find_model
from mlx_model.errors import DetailError, InputError, ModelNotFoundError, SaveError

if TYPE_CHECKING:
    from app.conversation_file import Conversation
    from mlx_model.engine import MLXEngine
    from mlx_model.events import Answer
    from mlx_model.media.video import Clip
    from mlx_model.prompting.prompt import Message, Picture
    from mlx_model.protocol import Job

NAME = "chat"  # of the one conversation that this engine has


class Chat(Asking):
    """Asks an installed model, `question` being the shape of every answer. `kv_bits`: see `MLXEngine`."""

    def __init__(
        self,
        installed: Installed,
        question: Question,
        output: Output,
        progress: Progress,
        remembering: dict[str, Any],
        kv_bits: "Literal[8, 4] | None" = None,
    ) -> None:
        super().__init__(installed, question, output, progress, remembering)
        self._kv_bits = kv_bits
        self.messages: list[Message] = []
        self._attached: list[Picture | Clip] = []
        self._opening = 0.0  # seconds, of what is attached
        self._last: Answer | None = None

    def begin(self) -> None:
        """Load the model before anything is asked."""
        self._ready()
        self.progress.clear()

    def attach(self, words: str) -> None:
        """Show a picture or a clip with the next question. Raises InputError."""
        from mlx_model.media.video import Watching

        if not words:
            raise InputError("Which file? Name it behind the command, as in: /image photo.jpg")
        question, path = self.question, as_path(words)
        if path == STDIN:
            raise InputError("Standard input holds the questions here; name a picture file.")
        self.progress.show(f"Opening {Path(path).name}")
        begin = perf_counter()
        try:
            watching = Watching(question.fps, question.max_frames, question.start or 0.0, question.end)
            self._attached.append(read_input(path, watching))
        finally:
            self.progress.clear()
        self._opening += perf_counter() - begin
        if has_terminal():
            whisper(f"{path} comes with your next question.")

    def set_detail(self, words: str) -> None:
        """Tiles of pictures from now on; without words, say what it is. Raises DetailError."""
        import click

        if not words:
            say(f"the detail is {self.question.detail}.")
            return
        try:
            self.question = replace(self.question, detail=DetailType().convert(words, None, None))
        except click.BadParameter as error:
            raise DetailError(error.message) from None

    def say(self, words: str) -> None:
        """Ask, and answer on the output. Raises SmolsightError."""
        from mlx_model.prompting.prompt import Message, Text

        self.messages.append(Message("user", (*self._attached, Text(words))))
        reading, self._attached, self._opening = self._opening, [], 0.0
        self._reply(words, reading)

    def regenerate(self) -> None:
        """Answer the last question again; a seed would only say the same."""
        from mlx_model.prompting.prompt import Text

        if not self.messages:
            raise InputError("There is no answer yet that could be given again.")
        if self.messages[-1].role == "assistant":
            self.messages.pop()
        words = "".join(part.text for part in self.messages[-1].parts if isinstance(part, Text))
        self._reply(words, 0.0)

    def undo(self) -> None:
        """Take the last question and its answer back, or what is attached to the next one."""
        if self._attached:
            self._attached, self._opening = [], 0.0
        elif not self.messages:
            raise InputError("There is nothing to take back.")
        else:
            self._take_back()

    def _take_back(self) -> None:
        while self.messages.pop().role != "user":
            pass

    def save(self, words: str) -> None:
        """Write the conversation to the file that the words name. Raises SmolsightError."""
        from app.conversation_file import Conversation, cache_file, write_conversation
        from mlx_model.protocol import SaveSession

        with_cache = words.startswith("--cache ")
        path = Path(as_path(words.removeprefix("--cache ").strip()))
        if not words or not path.name:
            raise InputError("Which file? Name it behind the command, as in: /save talk.json")
        conversation = Conversation(self._model_name(), tuple(self.messages), self.question.detail)
        write_conversation(path, conversation)
        say(f"{path} has the conversation.")
        if with_cache:
            self._run(SaveSession(self.installed.folder, NAME, cache_file(path)))
            say(f"{cache_file(path)} has what the model read of it.")

    def _model_name(self) -> str:
        """What finds this model again: its name where that does, else its folder."""
        with suppress(ModelNotFoundError):
            if find_model(self.installed.name).folder == self.installed.folder:
                return self.installed.name
        return str(self.installed.folder.absolute())

    def reopen(self, path: Path, saved: "Conversation") -> None:
        """Go on with the conversation of a file, and with what the model had read of it, where that is there."""
        from app.conversation_file import cache_file
        from mlx_model.protocol import OpenSession

        self.messages = list(saved.messages)
        for remark in saved.remarks:
            say(remark)
        if cache_file(path).exists():
            try:
                self._run(OpenSession(self.installed.folder, NAME, cache_file(path)))
            except SaveError as error:
                say(f"{error} The model reads the conversation again.")

    def _run(self, job: "Job") -> None:
        for _ in stream_job(self._ready(), job, Event()):
            pass
        self.progress.clear()

    def _reply(self, words: str, reading: float) -> None:
        from mlx_model.prompting.prompt import Message, Text
        from mlx_model.protocol import Ask

        request = conversation_request(self.question, tuple(self.messages))
        paths = tuple(medium.name for medium in request.media)
        asked = Asked(
            paths, self.installed.name, self.installed.notice, words, self.question.detail, together=len(paths) > 1
        )
        self._last = None
        try:
            self._answer(asked, Ask(self.installed.folder, request, reading, NAME), "the conversation")
        except Terminated:
            raise
        except KeyboardInterrupt:
            # The first Ctrl-C ends the answer, and on a terminal nothing else.
            if self._last is None or not has_terminal():
                raise
        except BaseException:
            self._take_back()
            raise
        if self._last is not None:
            self.messages.append(Message("assistant", (Text(self._last.text),)))

    def _end(self, asked: Asked, answer: "Answer") -> None:
        self._last = answer
        # What the model sees no more is the oldest.
        paths = asked.paths[len(asked.paths) - len(answer.plans) :]
        super()._end(replace(asked, paths=paths, together=len(paths) > 1), answer)

    def _new_engine(self) -> "MLXEngine":
        from mlx_model.engine import MLXEngine

        return MLXEngine(kv_bits=self._kv_bits, **self.remembering)
