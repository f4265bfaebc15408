"""`smolsight chat`: lines in, answers out, commands, failures, and what is written to a file."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.chat_lines import COMMANDS, NoSuchCommand, as_path, parse_line
from mlx_model.errors import CheckpointError, ContextLimitError
from mlx_model.events import Forgot
from mlx_model.prompting.prompt import Picture, Text
from tests.app.cli.conftest import Run, objects
from tests.app.cli.processes import on_terminal
from tests.app.cli.scripted_model import ANSWER, ScriptedModel
from tests.clips import write_clip


def typed(*lines: str | Path) -> bytes:
    return "\n".join(map(str, lines)).encode()


def words(request: object) -> list[str]:
    """Each message of a request as its words, with a star for each picture or clip."""
    return [
        "".join(part.text if isinstance(part, Text) else "*" for part in message.parts)
        for message in request.messages  # type: ignore[attr-defined]
    ]


def test_each_line_is_a_turn_and_the_model_sees_all_before_it(run: Run, model: ScriptedModel) -> None:
    result = run("chat", stdin=typed("Hello", "", "  And now? ", ""))
    assert (result.exit_code, result.stdout) == (0, "A red boat.\nA red boat.\n")
    assert words(model.requests[0]) == ["Hello"]
    assert words(model.requests[1]) == ["Hello", "A red boat.", "And now?"]
    assert model.loads == 1


def test_pictures_and_clips_come_before_the_words_of_the_next_turn(
    run: Run, model: ScriptedModel, picture: Path, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "a clip.avi", count=5)
    result = run("chat", stdin=typed("Hello", f"/image {picture}", f"/video {clip}", "What?", "And?"))
    assert result.exit_code == 0
    assert words(model.requests[2]) == ["Hello", "A red boat.", "**What?", "A red boat.", "And?"]


def test_a_conversation_may_begin_with_pictures_and_clips(
    run: Run, model: ScriptedModel, picture: Path, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.avi", count=5)
    run("chat", "--image", picture, "--image", picture, "--video", clip, stdin=b"What?")
    assert words(model.requests[0]) == ["***What?"]


def test_every_flag_of_describe_shapes_the_answers(run: Run, model: ScriptedModel) -> None:
    flags = ["--detail", "2", "--max-tokens", "7", "--temperature", "0.5", "--top-p", "0.9", "--seed", "3", "--raw"]
    run("chat", *flags, "--no-repetition-guard", stdin=b"Once upon")
    (request,) = model.requests
    assert (request.detail, request.max_tokens, request.raw, request.repetition_guard) == (2, 7, True, False)
    assert (request.sampling.temperature, request.sampling.top_p, request.sampling.seed) == (0.5, 0.9, 3)


def test_json_is_one_object_an_answer_about_all_that_is_shown(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.answer = replace(ANSWER, cached_tokens=12)
    result = run("chat", "--json", stdin=typed("Hi", f"/image {picture}", "What?", f"/image {picture}", "And?"))
    records = objects(result.stdout)
    assert [record["path"] for record in records] == [None, str(picture), [str(picture)] * 2]
    assert [record["kind"] for record in records] == ["text", "image", "images"]
    assert [record["question"] for record in records] == ["Hi", "What?", "And?"]
    assert [record["cached_tokens"] for record in records] == [12] * 3
    assert "forgotten" not in records[0]


def test_what_the_context_had_no_room_for_is_said(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.answer = replace(ANSWER, forgot=Forgot(1, 2))
    model.first_events = [Forgot(1, 2)]
    result = run("chat", "--json", stdin=b"What?")
    assert objects(result.stdout)[0]["forgotten"] == {"media": 1, "messages": 2}
    assert "its oldest 1 picture or clip and 2 messages are left out" in result.stderr


def test_a_wrong_path_is_a_sentence_and_the_chat_goes_on(run: Run, model: ScriptedModel, tmp_path: Path) -> None:
    gone = tmp_path / "gone.png"
    result = run("chat", stdin=typed(f"/image {gone}", "/image", "Hello"))
    assert (result.exit_code, result.stdout) == (3, "A red boat.\n")
    assert result.stderr.splitlines() == [
        f"smolsight: {gone} does not exist.",
        "smolsight: Which file? Name it behind the command, as in: /image photo.jpg",
    ]


def test_json_has_an_object_for_what_failed(run: Run, model: ScriptedModel, tmp_path: Path) -> None:
    result = run("chat", "--json", stdin=typed("/image gone.png", "/nothing", "Hello"))
    assert [record.get("error_type") for record in objects(result.stdout)] == ["InputError", "UsageError", None]
    assert result.exit_code == 3


def test_a_picture_that_is_named_wrongly_at_the_start_ends_it(run: Run, model: ScriptedModel) -> None:
    result = run("chat", "--image", "gone.png", stdin=b"Hello")
    assert (result.exit_code, model.loads) == (3, 0)


def test_a_question_that_fails_is_no_part_of_the_conversation(run: Run, model: ScriptedModel) -> None:
    model.errors = {1: ContextLimitError("Too long.")}
    result = run("chat", stdin=typed("One", "Two", "Three"))
    assert (result.exit_code, result.stderr) == (1, "smolsight: Too long.\n")
    assert words(model.requests[-1]) == ["One", "A red boat.", "Three"]


def test_a_model_that_cannot_be_used_ends_it(run: Run, model: ScriptedModel) -> None:
    model.load_error = CheckpointError("It is broken.")
    result = run("chat", stdin=typed("One", "Two"))
    assert (result.exit_code, result.stderr, model.loads) == (4, "smolsight: It is broken.\n", 1)


def test_the_detail_may_change_on_the_way(run: Run, model: ScriptedModel) -> None:
    result = run("chat", stdin=typed("One", "/detail high", "Two", "/detail 3", "Three", "/detail huge", "/detail"))
    assert [request.detail for request in model.requests] == ["auto", "high", 3]
    assert result.exit_code == 2
    assert "none of low, auto, high" in result.stderr and "the detail is 3." in result.stderr


def test_an_answer_may_be_given_again_or_taken_back(run: Run, model: ScriptedModel, picture: Path) -> None:
    run("chat", stdin=typed("One", "Two", "/regenerate", "/undo", "Three", f"/image {picture}", "/undo", "Four"))
    assert [words(request)[-1] for request in model.requests] == ["One", "Two", "Two", "Three", "Four"]
    assert words(model.requests[2]) == ["One", "A red boat.", "Two"]
    assert words(model.requests[3]) == ["One", "A red boat.", "Three"]


@pytest.mark.parametrize("command", ["/regenerate", "/undo", "/save"])
def test_a_command_with_nothing_to_work_on_says_so(run: Run, model: ScriptedModel, command: str) -> None:
    result = run("chat", stdin=command.encode())
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 1


def test_quitting_leaves_the_rest_unread(run: Run, model: ScriptedModel) -> None:
    assert run("chat", stdin=typed("One", "/quit", "Two")).exit_code == 0
    assert len(model.requests) == 1


def test_the_help_names_every_command_and_is_no_answer(run: Run, model: ScriptedModel) -> None:
    result = run("chat", stdin=b"/help")
    assert result.stdout == ""
    assert all(command in result.stderr for command in COMMANDS)


def test_a_signal_in_a_pipe_stops_the_answer_and_leaves(run: Run, model: ScriptedModel) -> None:
    model.pieces = ["A red", lambda: signal.raise_signal(signal.SIGINT), " boat."]
    result = run("chat", stdin=typed("One", "Two"))
    assert (result.exit_code, result.stdout, len(model.requests)) == (130, "A red\n", 1)


def test_a_saved_conversation_goes_on_where_it_ended(
    run: Run, model: ScriptedModel, picture: Path, tmp_path: Path
) -> None:
    clip, file = write_clip(tmp_path / "clip.avi", count=5), tmp_path / "my talk.json"
    flags = ["--detail", "high", "--max-frames", "2"]
    lines = typed(f"/image {picture}", "What?", f"/video {clip}", "And?", f"/save {file}")
    assert run("chat", *flags, stdin=lines).exit_code == 0
    result = run("chat", "--resume", file, stdin=b"More?")
    assert (result.exit_code, result.stderr) == (0, "")
    assert words(model.requests[-1]) == ["*What?", "A red boat.", "*And?", "A red boat.", "More?"]
    assert model.requests[-1].media[1].watching.max_frames == 2
    assert model.requests[-1].detail == "high"
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_changed_since_it_was_saved_is_said(
    run: Run, model: ScriptedModel, picture: Path, blank: Path, tmp_path: Path
) -> None:
    file = tmp_path / "talk.json"
    run("chat", "--image", picture, "--image", blank, stdin=typed("What?", f"/save {file}"))
    picture.write_bytes(blank.read_bytes())
    blank.unlink()
    result = run("chat", "--resume", file, stdin=b"More?")
    assert words(model.requests[-1]) == ["*What?", "A red boat.", "More?"]
    first, second = result.stderr.splitlines()
    assert f"{picture} has changed since" in first
    assert f"{blank} does not exist. The conversation goes on without it." in second


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"[]", b"{}", b'{"kind": "smolsight conversation", "version": 2}', b"\xff" * 30, b"[" * 100_000],
)
def test_a_file_that_is_no_conversation_is_refused(
    run: Run, model: ScriptedModel, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "talk.json"
    file.write_bytes(content)
    result = run("chat", "--resume", file, stdin=b"More?")
    assert (result.exit_code, model.loads) == (3, 0)
    assert len(result.stderr.splitlines()) == 1 and str(file) in result.stderr


@pytest.mark.parametrize(
    "damage",
    [
        {"messages": [{"role": "stranger", "parts": []}]},
        {"messages": [{"role": "user", "parts": [{"text": 5}]}]},
        {"messages": [{"role": "user", "parts": [{}]}]},
        {"messages": 5},
        {"messages": [{"role": "user", "parts": [{"video": "a.mp4", "stamp": "", "watching": {"fps": "fast"}}]}]},
        {"messages": [{"role": "user", "parts": [{"video": "a.mp4", "stamp": "", "watching": {"fps": float("nan")}}]}]},
        {"detail": -1},
        {"detail": None},
    ],
)
def test_a_conversation_with_odd_parts_is_refused(
    run: Run, model: ScriptedModel, tmp_path: Path, damage: dict[str, object]
) -> None:
    file = tmp_path / "talk.json"
    run("chat", stdin=typed("Hello", f"/save {file}"))
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    result = run("chat", "--resume", file, stdin=b"More?")
    assert result.exit_code == 3 and len(result.stderr.splitlines()) == 1


def test_a_full_disk_leaves_what_was_saved_before(
    run: Run, model: ScriptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "talk.json"
    run("chat", stdin=typed("Hello", f"/save {file}"))
    before = file.read_bytes()

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = run("chat", stdin=typed("Hello", "And?", f"/save {file}", "More?"))
    assert (result.exit_code, result.stdout.count("\n")) == (1, 3)
    assert "No space left on device" in result.stderr
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "scripted"] == ["talk.json"]


def test_lines_are_questions_or_commands() -> None:
    assert parse_line("/image a b.png") == ("image", "a b.png")
    assert parse_line("What is / here?") == ("ask", "What is / here?")
    assert parse_line("//etc is what?") == ("ask", "/etc is what?")
    with pytest.raises(NoSuchCommand, match="/etc"):
        parse_line("/etc")


def test_a_path_is_read_as_it_is_or_as_a_terminal_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    odd = tmp_path / "it's a \\ photo.png"
    odd.touch()
    shell = str(odd).replace("\\", "\\\\").replace(" ", "\\ ").replace("'", "\\'")
    assert as_path(str(odd)) == as_path(shell) == as_path(f'"{str(odd).replace(chr(92), chr(92) * 2)}"') == str(odd)
    assert as_path("~/it's a \\ photo.png") == str(odd)
    assert as_path("gone.png") == "gone.png"
    assert as_path("it's gone.png") == "it's gone.png"


def test_on_a_terminal_answers_alone_are_on_stdout(root: Path) -> None:
    sample = root / "assets" / "samples" / "scene-1.png"
    ended = on_terminal(
        *(sys.executable, "-m", "app.cli.main", "chat", "--model", "embedded"),
        typed=f"/image {sample}\nWhat is this?\n/foo\nWhich colour?\n\x04",
        PATH=os.environ["PATH"],
    )
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 2 and ">" not in ended.out
    assert "comes with your next question" in ended.err and "/foo is no command" in ended.err
    assert ended.err.count("s to first word") == 2


def test_a_name_is_kept_for_the_pictures(run: Run, model: ScriptedModel, picture: Path) -> None:
    run("chat", "--image", picture, stdin=b"What?")
    (shown,) = model.requests[0].media
    assert isinstance(shown, Picture) and shown.name == str(picture)


def test_on_a_terminal_ctrl_c_stops_the_answer_alone(
    run: Run, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("chat", "chatting"):
        monkeypatch.setattr(f"app.cli.{module}.has_terminal", lambda: True)
    model.pieces = ["A red", lambda: signal.raise_signal(signal.SIGINT), " boat."]
    result = run("chat", stdin=typed("One", "Two"))
    assert (result.exit_code, result.stdout) == (0, "A red\nA red\n")
    assert words(model.requests[1]) == ["One", "A red", "Two"]
