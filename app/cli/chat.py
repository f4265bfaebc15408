"""`smolsight chat`: a conversation about pictures and clips, line by line.

Options to a `Chat`, one line after the other into it, the worst exit code. What a line means is in `chat_lines.py`,
what becomes of it in `chatting.py`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from app.asking.questions import Question
from app.cli.chat_lines import Lines, NoSuchCommand, has_terminal, parse_line
from app.cli.chatting import Chat
from app.cli.errors import exit_code, sentence
from app.cli.generation_options import QUESTION_TOKENS, check_span, generation_options
from app.cli.offer import find_or_fetch
from app.cli.output import JsonOutput, WordsOutput
from app.cli.progress import Progress
from app.cli.remember_option import remember_option
from app.cli.stderr import say, whisper
from mlx_model.errors import Cancelled, ModelError, SmolsightError

if TYPE_CHECKING:
    from app.conversation_file import Conversation


@click.command()
@click.option("--image", "images", type=click.Path(), multiple=True, help="Begin with this picture; may be repeated.")
@click.option("--video", "videos", type=click.Path(), multiple=True, help="Begin with this clip; may be repeated.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with a conversation that /save wrote.")
@click.option(
    "--kv-bits", type=click.Choice([8, 4]), help="Pack what was read into 8 or 4 bits: less memory, less exact."
)
@generation_options
@remember_option
def chat(
    images: tuple[str, ...],
    videos: tuple[str, ...],
    resume: Path | None,
    kv_bits: Literal[8, 4] | None,
    model: str | None,
    as_json: bool,
    stream: bool,
    remembering: dict[str, Any],
    detail: Any,
    max_tokens: int | None,
    **shape: Any,
) -> int:
    """Talk about pictures and clips, or about anything.

    Each line is a question; the model has read what came before it. Lines that begin with a slash are commands, /help
    lists them. From a pipe it is the same: a line a turn, `/image photo.jpg` before the question about it.
    """
    check_span(shape["start"], shape["end"])
    output = JsonOutput() if as_json else WordsOutput(streams=stream, with_paths=False)
    try:
        saved = _saved(resume)
        detail = detail or (saved.detail if saved else "auto")
        question = Question("", detail, max_tokens or QUESTION_TOKENS, **shape)
        installed = find_or_fetch(model or (saved.model if saved else None))
        if installed.notice:
            say(installed.notice)
        with Progress() as progress, Chat(installed, question, output, progress, remembering, kv_bits) as talk:
            for path in (*images, *videos):
                talk.attach(path)
            if resume and saved:
                talk.reopen(resume, saved)
            talk.begin()
            return _talk(talk, Lines())
    except SmolsightError as error:
        output.fail(None, str(error), type(error).__name__)
        raise


def _saved(resume: Path | None) -> "Conversation | None":
    from app.conversation_file import read_conversation

    return read_conversation(resume) if resume else None


def _talk(talk: Chat, lines: Lines) -> int:
    """Carry out every line. What is wrong with one does not end the conversation; the worst exit code."""
    worst = 0
    if has_terminal():
        whisper("/help lists the commands, Ctrl-D leaves.")
    for line in lines:
        try:
            if (code := _carry_out(talk, line)) is None:
                break
        except (OSError, ModelError, Cancelled):
            raise  # stdout is gone, the model is unusable, or the user said stop
        except Exception as error:
            talk.progress.clear()
            message = sentence(error)
            talk.output.fail(None, message, type(error).__name__)
            say(message)
            code = exit_code(error)
        worst = max(worst, code)
    return 0 if has_terminal() else worst


def _carry_out(talk: Chat, line: str) -> int | None:
    """An exit code, None for the end."""
    try:
        command, words = parse_line(line)
    except NoSuchCommand as error:
        talk.output.fail(None, str(error), "UsageError")
        say(str(error))
        return 2
    match command:
        case "quit":
            return None
        case "ask" if words:
            talk.say(words)
        case "image" | "video":
            talk.attach(words)
        case "detail":
            talk.set_detail(words)
        case "regenerate":
            talk.regenerate()
        case "undo":
            talk.undo()
        case "save":
            talk.save(words)
        case "help":
            say_commands()
    return 0


def say_commands() -> None:
    """The commands, on stderr: they are no answer."""
    from app.cli.chat_lines import COMMANDS

    for command, meaning in COMMANDS.items():
        click.echo(f"  {command:<24}{meaning}", err=True)
