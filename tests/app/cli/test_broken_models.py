"""A model folder that cannot be used is one sentence and exit code 4, before anything is generated."""

import logging
import shutil
from pathlib import Path

import click.testing
import pytest

from app.cli.log_warnings import SayWarnings
from app.cli.main import smolsight
from tests.app.cli.processes import smolsight as smolsight_process
from tests.broken_models import BROKEN_MODELS, set_key
from tests.checkpoints import write_checkpoint

TRIPWIRE = "import pathlib\npathlib.Path({mark!r}).write_text('ran')\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("whole"), "256m")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A whole checkpoint to damage."""
    return shutil.copytree(whole, tmp_path / "model")


def describe(folder: Path, picture: Path) -> click.testing.Result:
    arguments = ["describe", str(picture), "--model", str(folder), "--max-tokens", "2"]
    return click.testing.CliRunner().invoke(smolsight, arguments, prog_name="smolsight")


@pytest.mark.parametrize("name", BROKEN_MODELS)
def test_a_broken_model_is_one_sentence(name: str, folder: Path, picture: Path) -> None:
    broken = BROKEN_MODELS[name]
    broken.damage(folder)
    result = describe(folder, picture)
    assert (result.exit_code, result.stdout) == (4, ""), result.stderr
    assert result.stderr.startswith("smolsight: ") and result.stderr.count("\n") == 1
    assert len(result.stderr) < 600
    for words in broken.words:
        assert words in result.stderr


def test_there_are_more_than_fifteen_broken_models() -> None:
    assert len(BROKEN_MODELS) > 15


def test_a_whole_model_works(folder: Path, picture: Path) -> None:
    """Otherwise every test above would pass for the wrong reason."""
    result = describe(folder, picture)
    assert (result.exit_code, result.stdout.strip() != "") == (0, True), result.stderr


@pytest.mark.parametrize("way", ["auto_map", "stray script", "script named like a module", "model_file"])
def test_code_in_a_model_folder_never_runs(way: str, folder: Path, picture: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    name = {"script named like a module": "json.py"}.get(way, "modeling.py")
    (folder / name).write_text(TRIPWIRE.format(mark=str(mark)))
    if way == "auto_map":
        set_key("config.json", "auto_map", to={"AutoModel": "modeling.Model"})(folder)
    if way == "model_file":
        set_key("config.json", "model_file", to="modeling.py")(folder)
    run = smolsight_process("describe", picture, "--model", folder, "--max-tokens", "2")
    assert not mark.exists()
    if way == "model_file":
        assert (run.code, run.out) == (4, "")
    else:
        assert run.code == 0
        assert f"warning: {folder} brings code" in run.err and "ignored" in run.err


def test_a_warning_is_said_once_and_in_one_line(folder: Path, picture: Path) -> None:
    (folder / "model.py").write_text("")
    for _ in range(2):
        assert describe(folder, picture).stderr.count("brings code") == 1
    handlers = logging.getLogger("mlx_model").handlers
    assert sum(isinstance(handler, SayWarnings) for handler in handlers) == 1


def test_a_template_cannot_leave_its_sandbox(folder: Path, picture: Path, tmp_path: Path) -> None:
    mark = tmp_path / "escaped"
    attack = (
        "{% for c in ''.__class__.__mro__[1].__subclasses__() %}{% if c.__name__ == 'Popen' %}"
        f"{{{{ c(['touch', '{mark}']) }}}}{{% endif %}}{{% endfor %}}"
    )
    set_key("chat_template.json", "chat_template", to=attack)(folder)
    assert describe(folder, picture).exit_code == 4
    assert not mark.exists()
