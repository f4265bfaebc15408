"""`smolsight describe`: what pictures and clips show, or the answer to a question about them.

Options to a `Question`, one run over the inputs, the worst exit code. What happens to one input is in `asking.py`.
"""

import sys
from typing import Any

import click

from app.answers.captions import FORMATS
from app.answers.pages import DOCTAGS, FORMS, INSTALL, can_convert
from app.asking.questions import Question, task_question
from app.asking.tasks import DEFAULT_TASK, tasks
from app.cli.asking import Asking
from app.cli.captioning import Wanted, caption_clip
from app.cli.errors import exit_code, sentence
from app.cli.generation_options import QUESTION_TOKENS, Finite, check_span, generation_options
from app.cli.inputs import STDIN, is_picture
from app.cli.many_options import Many, many_options
from app.cli.offer import find_or_fetch
from app.cli.output import JsonOutput, Output, WordsOutput
from app.cli.progress import Progress
from app.cli.remember_option import remember_option
from app.cli.stderr import say
from mlx_model.errors import Cancelled, DetailError, ModelError, SmolsightError

TASK_HELP = "What to ask for: " + "; ".join(
    f"{task.name}, {task.help}{' (the default)' if task.name == DEFAULT_TASK else ''}" for task in tasks().values()
)


@click.command()
@click.argument("inputs", nargs=-1, type=click.Path(), metavar="[INPUT]...")
@click.option("-q", "--question", help="Ask this instead of a task. Without inputs: words alone.")
@click.option("--task", "task_name", type=click.Choice(list(tasks())), help=TASK_HELP + ".")
@click.option(
    "--as", "page_form", type=click.Choice(FORMS), default=DOCTAGS, help="The document task: what the page becomes."
)
@click.option("--together", is_flag=True, help="One question about all inputs, instead of one for each.")
@click.option(
    "--captions", type=click.Choice(list(FORMATS)), help="One clip: a caption for every few seconds, as such a file."
)
@click.option("--every", type=Finite(min=0.1), help="Captions: seconds each of them is for. Default: 5.")
@click.option("--summary", is_flag=True, help="Captions: sum them up at the end.")
@generation_options
@remember_option
@many_options
def describe(
    inputs: tuple[str, ...],
    question: str | None,
    task_name: str | None,
    together: bool,
    model: str | None,
    as_json: bool,
    stream: bool,
    captions: str | None,
    every: float | None,
    summary: bool,
    remembering: dict[str, Any],
    **shape: Any,
) -> int:
    """Say what pictures and clips show, or answer a question about them.

    Each INPUT is a picture or a video file, a folder of pictures or a pattern; - reads a picture from standard input.
    The answer goes to standard output, everything else to standard error. With several inputs each line begins with
    its path. Folders and patterns are described several pictures at a time, and what is done is not done again.
    """
    many = Many.taken_from(shape)
    if is_many := captions is None and many.is_wanted(inputs):
        many.check(inputs, together=together, as_json=as_json)
    _check_usage(inputs, question, task_name, together)
    _check_page_usage(task_name, shape["page_form"])
    clip_options = {name: shape[name] for name in ("fps", "max_frames", "start", "end")}
    _check_clip_usage(inputs, **clip_options, captions=captions)
    has_other_form = together or as_json or many.given not in ([], ["--out"])
    _check_caption_usage(inputs, captions, {"--every": every, "--summary": summary}, has_other_form)
    output = JsonOutput() if as_json else WordsOutput(streams=stream, with_paths=len(inputs) > 1 and not together)
    groups = [inputs] if together or not inputs else [(path,) for path in inputs]
    try:
        installed = find_or_fetch(model)
        if installed.notice:
            say(installed.notice)
        asked = _question(question, task_name or ("short" if captions else DEFAULT_TASK), **shape)
        if captions:
            with Progress() as progress:
                wanted = Wanted(captions, every or 5.0, many.out, summary)
                caption_clip(installed, asked, inputs[0], wanted, progress, remembering)
            return 0
        if is_many:
            from app.cli.describing_many import describe_many

            with Progress() as progress:
                return describe_many(inputs, many, asked, installed, progress, remembering, as_json=as_json)
        with Progress() as progress, Asking(installed, asked, output, progress, remembering) as asking:
            return max(_answer(asking, output, paths, together) for paths in groups)
    except SmolsightError as error:
        output.fail(None, str(error), type(error).__name__)
        raise


def _check_usage(inputs: tuple[str, ...], question: str | None, task_name: str | None, together: bool) -> None:
    if not inputs and question is None:
        raise click.UsageError(
            "Name a picture, as in: smolsight describe photo.jpg\n"
            'or ask in words alone, as in: smolsight describe -q "What is a harbour?"'
        )
    if not inputs and together:
        raise click.UsageError("--together needs pictures: name them before or after it.")
    if question is not None and task_name is not None:
        raise click.UsageError("-q and --task both say what to ask; choose one.")
    if question is not None and not question.strip():
        raise click.UsageError("The question is empty.")
    if inputs.count(STDIN) > 1:
        raise click.UsageError("Standard input (-) holds one picture; name it once.")
    if STDIN in inputs and sys.stdin is not None and sys.stdin.isatty():
        raise click.UsageError("Pipe a picture in, as in: smolsight describe - < photo.jpg")


def _check_page_usage(task_name: str | None, page_form: str) -> None:
    if page_form == DOCTAGS:
        return
    if task_name != "document":
        raise click.UsageError(f"--as {page_form} is for pages: say --task document with it.")
    if not can_convert():
        raise click.UsageError(f"--as {page_form} needs docling-core, which is not installed: {INSTALL}")


def _check_clip_usage(inputs: tuple[str, ...], **options: Any) -> None:
    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    if given and all(map(is_picture, inputs)):
        raise click.UsageError(f"{given[0]} is for clips, and {'no input is one' if inputs else 'there is no input'}.")
    check_span(options["start"], options["end"])


def _check_caption_usage(
    inputs: tuple[str, ...], captions: str | None, companions: dict[str, Any], has_other_form: bool
) -> None:
    given = [option for option, value in companions.items() if value]
    if captions is None:
        if given:
            raise click.UsageError(
                f"{given[0]} goes with --captions: say which file it is to be, as in --captions srt."
            )
        return
    if len(inputs) != 1:
        raise click.UsageError("--captions takes one clip: name it alone.")
    if has_other_form:
        raise click.UsageError("--captions is a form of its own: leave out --json and what is for many pictures.")


def _question(words: str | None, task_name: str, detail: Any, max_tokens: int | None, **rest: Any) -> Question:
    """The user's own words, or the task's; what an option says goes before what the task says."""
    if words is not None:
        words = words.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return Question(words, detail or "auto", max_tokens or QUESTION_TOKENS, **rest)
    return task_question(tasks()[task_name], "", detail, max_tokens or 0, **rest)


def _answer(asking: Asking, output: Output, paths: tuple[str, ...], together: bool) -> int:
    """Answer about one input or one group; an exit code. What is wrong with an input does not stop the others."""
    try:
        asking.ask(paths, together=together)
        return 0
    except (OSError, ModelError, DetailError, Cancelled):
        raise  # stdout is gone, the model is unusable, or the user said stop: the others would not fare better
    except Exception as error:
        asking.progress.clear()
        message = sentence(error)
        output.fail(list(paths) if together else next(iter(paths), None), message, type(error).__name__)
        say(message)
        return exit_code(error)
