"""A conversation leaves as a folder and comes back; a folder from elsewhere reaches nothing outside of itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.history import HistoryStore, snapshot
from app.history.exchange import export, import_from
from mlx_model.errors import InputError
from tests.app.history.test_store import conversation


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    made = HistoryStore(tmp_path / "history")
    yield made
    made.close()


def test_what_is_exported_is_imported_as_it_was(store: HistoryStore, tmp_path: Path) -> None:
    asked = conversation("What is it?", "Which colour?")
    asked.turns[1].alone = True
    store.save(snapshot(asked))
    folder = export(store, asked.id, tmp_path / "out")
    before = store.read(asked.id)
    store.delete_all()
    after = store.read(import_from(store, folder))
    assert before is not None and after is not None
    assert (after.turns, after.title, after.created) == (before.turns, before.title, before.created)
    assert store.pictures.path(after.turns[0].media[0].file).is_file()


def test_the_markdown_shows_the_pictures_that_lie_beside_it(store: HistoryStore, tmp_path: Path) -> None:
    asked = conversation("What is it?")
    store.save(snapshot(asked))
    folder = export(store, asked.id, tmp_path / "out")
    text = (folder / "conversation.md").read_text()
    assert "![boat.png](pictures/1.png)" in text and "> What is it?" in text
    assert (folder / "pictures" / "1.png").is_file()


def test_a_folder_that_is_there_is_left_alone(store: HistoryStore, tmp_path: Path) -> None:
    asked = conversation()
    store.save(snapshot(asked))
    with pytest.raises(FileExistsError, match="choose another name"):
        export(store, asked.id, tmp_path)
    assert not list(tmp_path.glob(".partial-*"))


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"kind": "smolsight history", "version": 99}', '{"kind": 1']
)
def test_what_is_no_export_is_refused_in_a_sentence(store: HistoryStore, tmp_path: Path, content: str) -> None:
    (tmp_path / "conversation.json").write_text(content)
    with pytest.raises(InputError, match="could not be read as an exported conversation"):
        import_from(store, tmp_path / "conversation.json")
    assert store.entries() == []


def test_a_path_in_an_import_does_not_leave_its_folder(store: HistoryStore, tmp_path: Path) -> None:
    asked = conversation()
    store.save(snapshot(asked))
    folder = export(store, asked.id, tmp_path / "out")
    (tmp_path / "secret.png").write_bytes((folder / "pictures" / "1.png").read_bytes())
    record = json.loads((folder / "conversation.json").read_text())
    record["turns"][0]["media"][0]["file"] = "../../secret.png"
    (folder / "conversation.json").write_text(json.dumps(record))
    with pytest.raises(InputError):
        import_from(store, folder)
