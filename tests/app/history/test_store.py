"""The history's store: what is saved is read again, found, named, pinned, thrown away; damage is set aside."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.asking.tasks import tasks
from app.conversation import Conversation, Medium, Turn
from app.history import HistoryStore, open_store, schema, snapshot
from mlx_model.media.image_files import open_image
from mlx_model.prompting.prompt import Picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "history"


@pytest.fixture
def store(folder: Path) -> Iterator[HistoryStore]:
    made = HistoryStore(folder)
    yield made
    made.close()


def conversation(*words: str, picture: Path | None = None) -> Conversation:
    image = open_image(picture) if picture else Image.new("RGB", (300, 200), "red")
    media = (Medium(Picture(image, "boat.png"), "boat.png", picture),)
    turns = [
        Turn(question, media if not place else (), tasks()["caption"], f"Answer to {question}", "done")
        for place, question in enumerate(words or ("What is it?",))
    ]
    return Conversation(turns=turns)


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "pictures").iterdir() if not path.name.endswith("-small")]


def test_a_conversation_is_read_as_it_was_saved(store: HistoryStore) -> None:
    asked = conversation("What is it?", "Which colour?")
    asked.turns[0].record = {"tiles": 1, "confidence": {"mean": 0.5}}
    store.save(snapshot(asked))
    read = store.read(asked.id)
    assert read is not None
    assert [(turn.question, turn.answer, turn.state, turn.task) for turn in read.turns] == [
        ("What is it?", "Answer to What is it?", "done", "caption"),
        ("Which colour?", "Answer to Which colour?", "done", "caption"),
    ]
    assert read.turns[0].record == {"tiles": 1, "confidence": {"mean": 0.5}}
    with Image.open(store.pictures.path(read.turns[0].media[0].file)) as kept:
        assert kept.convert("RGB").tobytes() == Image.new("RGB", (300, 200), "red").tobytes()


def test_a_files_own_bytes_are_kept(store: HistoryStore, folder: Path, tmp_path: Path) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "photo.jpg", quality=80)
    store.save(snapshot(conversation(picture=tmp_path / "photo.jpg")))
    assert [path.read_bytes() for path in files(folder)] == [(tmp_path / "photo.jpg").read_bytes()]


def test_a_file_that_changed_since_it_was_shown_is_kept_as_it_was_shown(
    store: HistoryStore, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "screen.png"
    Image.new("RGB", (30, 30), "red").save(path)
    asked = conversation(picture=path)
    Image.new("RGB", (30, 30), "blue").save(path)
    store.save(snapshot(asked))
    with Image.open(files(folder)[0]) as kept:
        assert kept.getpixel((0, 0)) == (255, 0, 0)


def test_what_is_kept_is_the_owners_alone(store: HistoryStore, folder: Path) -> None:
    store.save(snapshot(conversation()))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_picture_is_kept_once(store: HistoryStore, folder: Path) -> None:
    store.save(snapshot(conversation("One?")))
    store.save(snapshot(conversation("Two?")))
    assert len(files(folder)) == 1


@pytest.mark.parametrize("with_fts", [True, False])
def test_search_finds_the_beginnings_of_words_in_questions_and_answers(store: HistoryStore, with_fts: bool) -> None:
    store._searches = with_fts
    store.save(snapshot(conversation("Where is the harbour?")))
    store.save(snapshot(conversation("What does the receipt say?")))
    assert [entry.title for entry in store.entries("harb")] == ["Answer to Where is the harbour?"]
    assert len(store.entries("answer")) == 2
    assert store.entries("harbour receipt") == []
    assert store.entries('" OR *') == []  # a word like others, and no operator


def test_a_name_survives_further_questions(store: HistoryStore) -> None:
    asked = conversation("What is it?")
    store.save(snapshot(asked))
    store.rename(asked.id, "Harbour")
    asked.turns.append(Turn("And now?", answer="Yes.", state="done"))
    store.save(snapshot(asked))
    assert [entry.title for entry in store.entries("Harbour")] == ["Harbour"]


def test_pinned_ones_come_first(store: HistoryStore) -> None:
    first, second = conversation("First?"), conversation("Second?")
    store.save(snapshot(first))
    store.save(snapshot(second))
    store.pin(first.id, True)
    assert [entry.id for entry in store.entries()] == [first.id, second.id]


def test_what_was_thrown_away_can_be_taken_back_until_the_end(folder: Path) -> None:
    store = HistoryStore(folder)
    kept, gone = conversation("Kept?"), conversation("Gone?")
    store.save(snapshot(kept))
    store.save(snapshot(gone))
    store.throw_away(kept.id)
    store.throw_away(gone.id)
    store.take_back(kept.id)
    assert [entry.id for entry in store.entries()] == [kept.id]
    store.close()
    again = HistoryStore(folder)
    again.take_back(gone.id)
    assert [entry.id for entry in again.entries()] == [kept.id]
    again.close()


def test_deleting_everything_leaves_no_word_and_no_picture(store: HistoryStore, folder: Path) -> None:
    store.save(snapshot(conversation("Mysterious?")))
    store.delete_all()
    assert store.entries() == []
    assert files(folder) == []
    store.close()
    assert b"Mysterious" not in (folder / "history.sqlite").read_bytes()
    store.__init__(folder)  # type: ignore[misc] # for the fixture to close


def no_database(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" + b"not at all" * 500)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 + 100])


def overwritten(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"not at all" * 1000)


def without_turns(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE turns")


def without_conversations(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE conversations")


@pytest.mark.parametrize("damage", [no_database, cut_short, overwritten, without_turns, without_conversations])
def test_a_damaged_database_is_set_aside_and_named(folder: Path, damage: Callable[[Path], None]) -> None:
    store = HistoryStore(folder)
    store.save(snapshot(conversation()))
    store.close()
    damage(folder / "history.sqlite")
    damaged = (folder / "history.sqlite").read_bytes()
    again, note = open_store(folder)
    assert again is not None and again.entries() == []
    aside = next(folder.glob("history-damaged-*.sqlite"))
    assert str(aside) in note
    assert aside.read_bytes() == damaged
    again.save(snapshot(conversation()))
    assert len(again.entries()) == 1
    again.close()


def test_a_database_that_another_program_holds_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    HistoryStore(folder).close()
    connect: Any = sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda *where, **how: connect(*where, **how, timeout=0))
    with closing(connect(folder / "history.sqlite")) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        store, note = open_store(folder)
    assert store is None and "locked" in note
    assert not list(folder.glob("history-damaged-*"))


def test_what_was_kept_without_full_text_search_is_found_once_there_is_one(folder: Path) -> None:
    store = HistoryStore(folder)
    store._searches = False
    store.save(snapshot(conversation("Where is the harbour?")))
    store.close()
    with closing(sqlite3.connect(folder / "history.sqlite")) as connection:
        connection.execute("DROP TABLE words")
    again = HistoryStore(folder)
    assert len(again.entries("harb")) == 1
    again.close()


def test_a_history_of_the_first_version_is_read_and_gone_on_with(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "history.sqlite", isolation_level=None)) as connection:
        connection.executescript(f"{schema.STEPS[0]} PRAGMA user_version = 1;")
        connection.execute("INSERT INTO conversations (id, title, created, changed) VALUES ('a', 'Harbour', 1, 1)")
        connection.execute("INSERT INTO turns VALUES ('a', 0, 'What?', 'A boat.', 'done', '', NULL, NULL, '[]')")
    store = HistoryStore(folder)
    read = store.read("a")
    assert read is not None and [(turn.answer, turn.alone) for turn in read.turns] == [("A boat.", False)]
    assert len(store.entries("boat")) == 1
    store.close()


def test_what_was_asked_alone_is_still_alone_when_it_is_read(store: HistoryStore) -> None:
    asked = conversation("First?", "Second?")
    asked.turns[1].alone = True
    store.save(snapshot(asked))
    read = store.read(asked.id)
    assert read is not None and [turn.alone for turn in read.turns] == [False, True]


def test_a_newer_database_is_left_alone(folder: Path) -> None:
    HistoryStore(folder).close()
    with sqlite3.connect(folder / "history.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")
    connection.close()
    store, note = open_store(folder)
    assert store is None
    assert "newer Smolsight" in note


def test_a_running_answer_is_kept_as_stopped_with_its_words(store: HistoryStore) -> None:
    asked = conversation()
    asked.turns[0].state, asked.turns[0].answer = "running", "A red"
    store.save(snapshot(asked))
    read = store.read(asked.id)
    assert read is not None and (read.turns[0].state, read.turns[0].answer) == ("stopped", "A red")
