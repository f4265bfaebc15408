"""`smolsight bench` on a small checkpoint, each run in a process of its own as for a user."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.app.cli.conftest import Run, objects
from tests.app.cli.processes import ROOT, smolsight
from tests.checkpoints import write_checkpoint

FIELDS = (
    "model notice picture detail runs prompt_tokens generated_tokens seconds tokens_per_second peak_memory_bytes "
    "peak_rss_bytes counts against"
).split()
STAGES = "load preprocess vision prefill first_token decode".split()
SHORT = ("--runs", "1", "--tokens", "4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SmolVLM: tiles of 64 pixels, 16 image tokens each, four along the long edge."""
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small", "256m")


def test_json_has_each_detail_with_its_stages_memory_and_counts(folder: Path, picture: Path) -> None:
    ended = smolsight(
        "bench", "--model", folder, "--picture", picture, *SHORT, "--detail", "low", "--detail", "2", "--json"
    )
    assert (ended.code, ended.err) == (0, "")
    low, two = objects(ended.out)
    for record in (low, two):
        assert list(record) == FIELDS
        assert list(record["seconds"]) == STAGES
        assert all(seconds > 0 for seconds in record["seconds"].values())
        assert (record["model"], record["notice"], record["picture"]) == ("small", None, str(picture))
        assert (record["runs"], record["generated_tokens"], record["against"]) == (1, 4, None)
        assert record["tokens_per_second"] > 0
        assert record["peak_rss_bytes"] > record["peak_memory_bytes"] > 0
        assert record["counts"]["picture"]["prompt_tokens"] == record["prompt_tokens"]
        assert record["counts"]["token"]["context"] == record["prompt_tokens"] + 1
        assert record["counts"]["token"]["host_syncs"] == 1
    assert (low["detail"], low["counts"]["picture"]["tiles"]) == ("low", 1)
    assert (two["detail"], two["counts"]["picture"]["tiles"]) == (2, 5)  # 64 x 48 pixels as 2 x 2 tiles, and the whole
    assert two["counts"]["picture"]["image_tokens"] == 5 * 16


def test_without_json_there_are_tables_of_a_generated_picture(folder: Path) -> None:
    ended = smolsight("bench", "--model", folder, *SHORT)
    assert (ended.code, ended.err) == (0, "")
    assert [line.split(" | ")[0] for line in ended.out.splitlines() if "auto" in line] == [
        "| Smolsight, `auto`",
        "| `auto`",
        "| next token, `auto`",
    ]


def test_a_model_of_words_alone_is_asked_without_the_picture(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "words", "smollm2")
    ended = smolsight("bench", "--model", folder, *SHORT, "--json")
    (record,) = objects(ended.out)
    assert record["counts"]["picture"]["tiles"] == 0
    assert record["generated_tokens"] == 4


def test_a_base_checkpoint_is_asked_without_the_chat_form(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "base", "256m")
    (folder / "chat_template.json").unlink()
    assert objects(smolsight("bench", "--model", folder, *SHORT, "--json").out)[0]["generated_tokens"] == 4


def test_without_the_peer_it_says_how_to_get_it(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.bench.peer.find_spec", lambda name: None)
    result = run("bench", "--model", folder, "--against", "mlx-vlm")
    assert result.exit_code == 2
    assert "mlx-vlm is not installed; to install it: pip install 'smolsight[peer]'" in result.stderr
    assert result.stdout == ""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mlx_vlm") is None, reason="needs the extra `peer`")
def test_beside_mlx_vlm_both_answer_the_same_prompt_and_the_peer_stays_outside(
    folder: Path, picture: Path, tmp_path: Path
) -> None:
    script = (
        "import atexit, sys\n"
        "heavy = ('mlx_vlm', 'transformers', 'mlx_lm')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from app.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    main()\n"
    )
    (tmp_path / "watched.py").write_text(script)
    command = [sys.executable, str(tmp_path / "watched.py"), "bench", "--model", str(folder), "--picture", str(picture)]
    command += ["--detail", "high", *SHORT, "--against", "mlx-vlm", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=110)
    assert (ended.returncode, ended.stderr) == (0, "[]\n")
    (record,) = objects(ended.stdout)
    against = record["against"]
    assert against["name"].startswith("mlx-vlm ")
    assert (against["prompt_tokens"], against["generated_tokens"]) == (record["prompt_tokens"], 4)
    assert against["counts"]["token"]["kernels"] > 30
    assert against["counts"]["token"]["host_syncs"] == 1
    assert all(ratio > 0 for ratio in against["ratios"].values())


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--picture", "gone.png"], 3, "gone.png does not exist."),
        (["--detail", "70"], 2, "Detail 70 is not possible"),
        (["--detail", "0"], 2, "none of low, auto, high"),
        (["--tokens", "1"], 2, "not in the range"),
        (["--against", "llama.cpp"], 2, "mlx-vlm"),
    ],
)
def test_a_wrong_request_is_a_sentence_before_anything_runs(
    folder: Path, arguments: list[str], code: int, sentence: str
) -> None:
    ended = smolsight("bench", "--model", folder, *arguments)
    assert ended.code == code
    assert sentence in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_a_broken_model_is_told_of_as_everywhere(folder: Path, tmp_path: Path) -> None:
    broken = write_checkpoint(tmp_path / "broken", "256m")
    (broken / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:1000])
    ended = smolsight("bench", "--model", broken)
    assert ended.code == 4
    assert "model.safetensors is damaged" in ended.err
