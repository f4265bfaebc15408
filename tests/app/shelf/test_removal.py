"""What is removed, what stays, and what is never touched."""

import json
from pathlib import Path

import pytest

from app.shelf import default_name, find_model, models_folder, set_default
from app.shelf.downloads import download
from app.shelf.hub_cache import cache_folder, repository_folder
from app.shelf.inventory import list_models
from app.shelf.removal import find_removable, remove
from mlx_model.errors import ModelNotFoundError, RefusedError
from tests.app.shelf.test_finding import MIDDLE, SMALL, put, put_in_hub_cache
from tests.hub_stub import HubStub


def rm(name: str) -> None:
    remove(find_removable(name))


def names() -> list[str]:
    return [entry.name for entry in list_models() if entry.place != "catalogue"]


def test_a_converted_model_goes_and_its_neighbours_stay() -> None:
    folder = put(f"{SMALL}-4bit")
    put(f"{MIDDLE}-4bit")
    rm("256m")
    assert not folder.exists() and names() == ["embedded", f"{MIDDLE}-4bit"]
    rm("500m")
    assert list(models_folder().iterdir()) == []


def test_of_several_the_one_to_remove_has_to_be_named() -> None:
    for bits in (4, 8):
        put(f"{SMALL}-{bits}bit")
    put_in_hub_cache(SMALL)
    with pytest.raises(RefusedError, match=f"several models.*{SMALL}-4bit, {SMALL}-8bit, {SMALL}"):
        find_removable("256m")
    rm(SMALL)
    rm(f"{SMALL}-8bit")
    assert names() == ["embedded", f"{SMALL}-4bit"]


def test_a_model_of_the_hubs_cache_goes_with_its_blobs_and_locks(hub: HubStub) -> None:
    hub.hub_ids = (SMALL,)
    download(SMALL)
    other = put_in_hub_cache(MIDDLE)
    lock = cache_folder() / ".locks" / repository_folder(SMALL).name / "x.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()

    rm("256m")
    assert not repository_folder(SMALL).exists() and not lock.parent.exists()
    assert other.is_dir()


def test_a_download_that_was_interrupted_can_be_removed() -> None:
    blobs = repository_folder(SMALL) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{'a' * 64}.incomplete").write_bytes(bytes(1000))
    (entry,) = [entry for entry in list_models() if entry.place == "hub cache"]
    assert (entry.is_begun, entry.nbytes) == (True, 1000)
    rm("256m")
    assert not repository_folder(SMALL).exists()


def test_a_link_on_the_shelf_goes_and_what_it_points_to_stays(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / "config.json").write_text(json.dumps({"vision_config": {}}))
    models_folder().mkdir(parents=True)
    (models_folder() / "mine").symlink_to(real)
    rm("mine")
    assert not (models_folder() / "mine").is_symlink() and (real / "config.json").is_file()


def test_an_organisation_that_is_a_link_out_of_the_shelf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "org" / "mine").mkdir(parents=True)
    (tmp_path / "org" / "mine" / "config.json").write_text("{}")
    models_folder().mkdir(parents=True)
    (models_folder() / "org").symlink_to(tmp_path / "org")
    with pytest.raises(RefusedError, match="nothing was removed"):
        rm("org/mine")
    assert (tmp_path / "org" / "mine" / "config.json").is_file()


@pytest.mark.parametrize("name", ["..", "../models", ".", "a/../../b", "\0", "nonsense", "256m"])
def test_a_name_leads_nowhere_else(name: str) -> None:
    put(f"{MIDDLE}-4bit")
    with pytest.raises((ModelNotFoundError, RefusedError)):
        rm(name)
    assert names() == ["embedded", f"{MIDDLE}-4bit"]


def test_the_embedded_model_and_folders_elsewhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="part of Smolsight"):
        rm("embedded")
    with pytest.raises(RefusedError, match="remove it yourself"):
        rm(str(tmp_path))
    assert find_model("embedded").folder.is_dir() and tmp_path.is_dir()


def test_the_default_is_given_back_when_its_model_goes() -> None:
    put(f"{SMALL}-4bit")
    put(f"{MIDDLE}-4bit")
    set_default("256m")
    rm("500m")
    assert default_name() == f"{SMALL}-4bit"
    rm("256m")
    assert default_name() is None


def test_what_a_killed_conversion_left_beside_it_goes_too() -> None:
    folder = put(f"{SMALL}-4bit")
    put(f"{SMALL}-8bit")
    leftover = folder.parent / f".{folder.name}.partial-0123abcd"
    leftover.mkdir()
    rm(f"{SMALL}-8bit")
    assert not leftover.exists() and folder.exists()
