"""The group of commands: quick to start, honest about what it has, completing in every shell."""

import subprocess
import sys
import time
from importlib.util import find_spec

import click
import pytest

from app.cli.main import COMMANDS, smolsight
from tests.app.cli.conftest import Run
from tests.app.cli.processes import ROOT, SMOLSIGHT
from tests.app.cli.processes import smolsight as run_process

HELP_BUDGET = 0.25  # seconds beyond Python's own start


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_line_of_its_help(name: str) -> None:
    if find_spec(COMMANDS[name][0]) is None:
        pytest.skip("not written yet")
    command = smolsight.get_command(click.Context(smolsight), name)
    assert command is not None and command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name][1]


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout and summary in result.stdout for name, (_, summary) in COMMANDS.items())


@pytest.mark.alone
def test_help_costs_a_quarter_of_a_second_at_most() -> None:
    def fastest(*command: str) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - begin)
        return min(times)

    assert fastest(*SMOLSIGHT, "--help") - fastest(sys.executable, "-c", "pass") < HELP_BUDGET


def test_no_command_shows_the_help_as_wrong_usage(run: Run) -> None:
    result = run()
    assert result.exit_code == 2
    assert "describe" in result.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_completion_script_is_for_its_shell(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert f"{shell}_complete" in result.stdout and "_SMOLSIGHT_COMPLETE" in result.stdout


def test_bash_accepts_its_completion_script() -> None:
    script = run_process("completion", "bash")
    assert script.code == 0
    subprocess.run(["bash", "-n"], input=script.out, text=True, check=True)


def test_an_unknown_shell_is_wrong_usage(run: Run) -> None:
    assert run("completion", "csh").exit_code == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("smolsight de", "describe"),
        ("smolsight describe --model 25", "256m"),
        ("smolsight describe --model emb", "embedded"),
        ("smolsight describe --task al", "alt"),
        ("smolsight describe --no-st", "--no-stream"),
        ("smolsight models ver", "verify"),
        ("smolsight models path 50", "500m"),
    ],
)
def test_commands_options_models_and_tasks_complete(monkeypatch: pytest.MonkeyPatch, words: str, expected: str) -> None:
    monkeypatch.setenv("_SMOLSIGHT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    completed = run_process()
    assert expected in [line.partition(",")[2] for line in completed.out.splitlines()]
