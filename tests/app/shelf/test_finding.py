"""What `--model` finds, in which order, and what is said when it finds nothing."""

import json
import shutil
from pathlib import Path

import pytest

from app import shelf
from app.shelf.hub_cache import cache_folder, find_snapshot
from mlx_model.errors import ModelNotFoundError

SMALL = "HuggingFaceTB/SmolVLM2-256M-Video-Instruct"
MIDDLE = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"


def put(model_id: str, **config: object) -> Path:
    """A converted checkpoint on the shelf, as far as the shelf looks."""
    folder = shelf.models_folder() / model_id
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"vision_config": {}, **config}))
    return folder


def put_in_hub_cache(hub_id: str, *, shards: tuple[str, ...] = ()) -> Path:
    repository = cache_folder() / f"models--{hub_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / "abc123"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc123\n")
    for name in ("config.json", "tokenizer.json"):
        (snapshot / name).write_text("{}")
    weights = {"model.safetensors.index.json": json.dumps({"weight_map": dict(enumerate(shards))})}
    for name, text in (weights if shards else {"model.safetensors": ""}).items():
        (snapshot / name).write_text(text)
    return snapshot


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "assets" / "embedded"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "notice.txt").write_text("It knows little.\n")
    monkeypatch.setattr("assets.path", lambda name: tmp_path / "assets" / name)
    return folder


def test_a_folder_goes_before_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(SMALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "256m").mkdir()
    assert shelf.find_model("256m") == shelf.Installed("256m", Path("256m"))


def test_the_shelf_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMOLSIGHT_MODELS", str(tmp_path / "elsewhere"))
    assert shelf.models_folder() == tmp_path / "elsewhere"
    monkeypatch.delenv("SMOLSIGHT_MODELS")
    assert shelf.models_folder().name == "models"


@pytest.mark.parametrize("name", ["256m", "256M", SMALL, f"{SMALL}-4bit", "SmolVLM2-256M-Video-Instruct"])
def test_a_converted_model_answers_to_all_its_names(name: str) -> None:
    folder = put(f"{SMALL}-4bit")
    assert shelf.find_model(name) == shelf.Installed(f"{SMALL}-4bit", folder)


def test_a_folder_converted_by_hand_answers_to_the_short_name_but_a_namesake_does_not() -> None:
    put(f"somebody/{SMALL.rpartition('/')[2]}-4bit")
    with pytest.raises(ModelNotFoundError):
        shelf.find_model("256m")
    folder = put(f"{SMALL.rpartition('/')[2]}-4bit")
    assert shelf.find_model("256m").folder == folder


def test_what_was_converted_goes_before_the_hubs_cache() -> None:
    put_in_hub_cache(MIDDLE)
    put(f"{SMALL}-4bit")
    assert shelf.find_model().name == f"{SMALL}-4bit"


def test_of_several_packings_the_most_exact_is_taken() -> None:
    for bits in (4, 16, 8):
        put(f"{SMALL}-{bits}bit")
    assert shelf.find_model("256m").name == f"{SMALL}-16bit"
    assert shelf.find_model(f"{SMALL}-8bit").name == f"{SMALL}-8bit"


def test_a_name_is_no_pattern_and_no_way_out_of_the_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(f"{SMALL}-4bit")
    for name in (".*", "HuggingFaceTB/.*", "../models", f"../models/{SMALL}-4bit", "\0", "a/../../b"):
        with pytest.raises(ModelNotFoundError):
            shelf.find_model(name)


def test_a_checkpoint_in_the_hubs_cache_counts_as_installed() -> None:
    snapshot = put_in_hub_cache(SMALL)
    assert shelf.find_model("256m") == shelf.Installed(SMALL, snapshot)
    assert shelf.find_model(None) == shelf.Installed(SMALL, snapshot)


def test_an_interrupted_download_does_not_count() -> None:
    snapshot = put_in_hub_cache(SMALL, shards=("model-1.safetensors", "model-2.safetensors"))
    (snapshot / "model-1.safetensors").write_text("")
    assert find_snapshot(SMALL) is None
    (snapshot / "model-2.safetensors").write_text("")
    assert find_snapshot(SMALL) == snapshot
    (snapshot / "tokenizer.json").unlink()
    assert find_snapshot(SMALL) is None


@pytest.mark.parametrize(
    "index", ["", "[]", "{}", '{"weight_map": 1}', '{"weight_map": {}}', '{"weight_map": {"a": 1}}']
)
def test_a_broken_index_of_weights_does_not_count(index: str) -> None:
    snapshot = put_in_hub_cache(SMALL, shards=("gone",))
    (snapshot / "model.safetensors.index.json").write_text(index)
    assert find_snapshot(SMALL) is None


def test_the_hubs_cache_follows_its_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "huggingface" / "hub"


def test_without_a_name_the_most_able_model_answers() -> None:
    put(f"{SMALL}-4bit")
    put(f"{MIDDLE}-4bit")
    put("somebody/fine-tune-4bit")
    assert shelf.find_model().name == f"{MIDDLE}-4bit"


def test_a_fine_tune_answers_when_nothing_published_is_there() -> None:
    put("somebody/fine-tune-4bit")
    assert shelf.find_model().name == "somebody/fine-tune-4bit"


def test_models_for_documents_or_words_answer_only_by_name(embedded: Path) -> None:
    put("ibm-granite/granite-docling-258M-4bit")
    words = put("HuggingFaceTB/SmolLM2-135M-Instruct-4bit")
    (words / "config.json").write_text("{}")
    assert shelf.find_model().name == "embedded"
    assert shelf.find_model("granite-docling").name == "ibm-granite/granite-docling-258M-4bit"
    assert shelf.find_model("text-135m").folder == words


def test_the_embedded_model_always_comes_with_its_notice(embedded: Path) -> None:
    expected = shelf.Installed("embedded", embedded, "It knows little.")
    assert shelf.find_model() == expected
    put(f"{SMALL}-4bit")
    assert shelf.find_model().notice is None
    assert shelf.find_model("embedded") == expected


def test_a_missing_embedded_model_is_a_broken_installation(embedded: Path) -> None:
    shutil.rmtree(embedded)
    with pytest.raises(ModelNotFoundError, match="install Smolsight again"):
        shelf.find_model()


@pytest.mark.parametrize("name", ["256m", SMALL])
def test_what_is_not_installed_names_the_command_to_run(name: str) -> None:
    with pytest.raises(ModelNotFoundError, match=f"smolsight convert {SMALL}$"):
        shelf.find_model(name)


def test_what_nobody_knows_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="embedded, 2.2b, 500m, 256m"):
        shelf.find_model("nonsense")
    with pytest.raises(ModelNotFoundError, match="no model folder"):
        shelf.find_model(str(tmp_path / "gone"))
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelNotFoundError, match=r"smolsight convert .*x\.gguf"):
        shelf.find_model(str(tmp_path / "x.gguf"))


def test_a_conversion_gets_a_place_of_its_own(tmp_path: Path) -> None:
    models = shelf.models_folder()
    assert shelf.converted_folder(SMALL, 4) == models / f"{SMALL}-4bit"
    assert shelf.converted_folder(str(tmp_path), 8) == models / f"{tmp_path.name}-8bit"
    assert shelf.converted_folder("downloads/SmolLM2-135M.Q4_1.gguf", None) == models / "SmolLM2-135M.Q4_1"


def test_the_chosen_default_answers_before_the_most_able() -> None:
    put(f"{SMALL}-4bit")
    put(f"{MIDDLE}-4bit")
    shelf.set_default("256m")
    assert shelf.find_model().name == f"{SMALL}-4bit"
    shelf.set_default(None)
    assert shelf.find_model().name == f"{MIDDLE}-4bit"


def test_a_default_may_be_a_folder_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelNotFoundError, match="no model folder"):
        shelf.set_default("mine")
    (tmp_path / "mine" / "config.json").write_text("{}")
    shelf.set_default("mine")
    monkeypatch.chdir("/")
    assert shelf.find_model().folder == tmp_path / "mine"


def test_a_default_that_is_gone_is_warned_of_and_another_model_answers(caplog: pytest.LogCaptureFixture) -> None:
    put(f"{MIDDLE}-4bit")
    folder = put(f"{SMALL}-4bit")
    shelf.set_default("256m")
    shutil.rmtree(folder)
    assert shelf.find_model().name == f"{MIDDLE}-4bit"
    assert f"default model {SMALL}-4bit is not here any more" in caplog.text


def test_what_is_not_here_cannot_become_the_default() -> None:
    with pytest.raises(ModelNotFoundError):
        shelf.set_default("256m")
    assert shelf.default_name() is None


def test_the_snapshot_that_the_catalogue_pins_goes_before_a_newer_one() -> None:
    pinned = "mlx-community/SmolVLM2-256M-Video-Instruct-mlx"
    newest = put_in_hub_cache(pinned)
    assert shelf.find_model("256m-mlx").folder == newest
    revision = next(known.revision for known in shelf.catalogue() if known.hub_id == pinned)
    assert revision
    shutil.copytree(newest, newest.parent / revision)
    assert shelf.find_model("256m-mlx").folder == newest.parent / revision
