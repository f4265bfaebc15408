"""What is asked of every input, with everything that shapes the answer: shared by the command line and the desktop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.answers.alt_text import as_alt_text
from app.answers.pages import DOCTAGS, as_page
from app.asking.tasks import Task
from app.terminal import strip_controls

if TYPE_CHECKING:
    from mlx_model.media.images import Detail
    from mlx_model.media.video import Clip, Watching
    from mlx_model.prompting.prompt import Message, Picture
    from mlx_model.request import Request


@dataclass(frozen=True)
class Question:
    """What is asked of every input, with everything that shapes the answer. Lengths in tokens and characters.

    `clip_words` stand for `words` where a clip is asked about; `fps` to `end`, in seconds, say what of it is seen.
    `page_form`: what a document model's DocTags are turned into, one of `app.answers.pages.FORMS`.
    """

    words: str
    detail: "Detail"
    max_tokens: int
    max_characters: int | None = None
    names_blank: bool = False
    raw: bool = False
    repetition_guard: bool = True
    temperature: float = 0.0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    clip_words: str | None = None
    fps: float | None = None
    max_frames: int | None = None
    start: float | None = None
    end: float | None = None
    page_form: str = DOCTAGS

    @property
    def is_reshaped(self) -> bool:
        """Whether an answer is shown otherwise than the model says it, so that it can only be shown whole."""
        return self.max_characters is not None or self.page_form != DOCTAGS

    @property
    def watching(self) -> "Watching":
        """What of a clip is seen."""
        from mlx_model.media.video import Watching

        return Watching(self.fps, self.max_frames, self.start or 0.0, self.end)


def task_question(
    task: Task, words: str = "", detail: "Detail | None" = None, max_tokens: int = 0, **rest: Any
) -> Question:
    """What a task asks; its own wording, detail and length where none is given. `words` stand for clips as well."""
    return Question(
        words or task.question,
        detail or task.detail,
        max_tokens or task.max_tokens,
        clip_words=task.clip_question if words in ("", task.question) else None,
        max_characters=task.max_characters,
        names_blank=task.names_blank,
        **rest,
    )


def words_about(question: Question, media: "Sequence[Picture | Clip]") -> str:
    """The question's wording for what is shown."""
    from mlx_model.media.video import Clip

    if question.clip_words and any(isinstance(medium, Clip) for medium in media):
        return question.clip_words
    return question.words


def as_request(question: Question, media: "Sequence[Picture | Clip]", words: str) -> "Request":
    """The question in these words about these pictures and clips, for the engine."""
    from mlx_model.prompting.prompt import Message, Text

    return conversation_request(question, (Message("user", (*media, Text(words))),))


def conversation_request(question: Question, messages: "tuple[Message, ...]") -> "Request":
    """A conversation whose next answer is shaped as the question says."""
    from mlx_model.request import Request, Sampling

    return Request(
        messages=messages,
        detail=question.detail,
        max_tokens=question.max_tokens,
        sampling=Sampling(
            question.temperature, question.top_p, question.min_p, question.repetition_penalty, question.seed
        ),
        raw=question.raw,
        repetition_guard=question.repetition_guard,
    )


def shown_text(question: Question, text: str) -> str:
    """What the user sees of an answer's text."""
    text = strip_controls(text).strip()
    if question.max_characters:
        return as_alt_text(text, question.max_characters)
    return as_page(text, question.page_form)
