"""A folder's pictures are described, reviewed, edited, found, replaced and written; all of it outlives the window."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractScrollArea, QPlainTextEdit

from app.desktop.folder import run as folder_run
from app.desktop.folder import tile
from app.desktop.folder.section import FolderSection
from mlx_model.events import TextDelta
from mlx_model.protocol import Ask, AskMany
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.app.desktop.test_accessibility import controls
from tests.fake_engine import Script

Words = Callable[[], list[str]]
SAID = "A red boat in a harbour."
LOOP = Script(("the ", "the ", "the "), "repetition")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures and one that is none, among them a blank one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(SAMPLES / "scene-2.png", folder / "img1.png")
    shutil.copy(SAMPLES / "scene-3.png", folder / "img2.png")
    Image.new("RGB", (60, 40), (0, 0, 200)).save(folder / "img3.png")
    (folder / "img4.png").write_bytes(b"no picture")
    return folder


def opened(desk: Desk, folder: Path) -> FolderSection:
    """The section with the folder's pictures."""
    desk.window.show_section("folder")
    section = desk.window.section("folder")
    assert isinstance(section, FolderSection)
    section.take([folder])
    wait_for(desk, section)
    desk.qtbot.waitUntil(lambda: desk.window.services.models.sight is not None, timeout=10_000)
    return section


def wait_for(desk: Desk, section: FolderSection) -> None:
    desk.qtbot.waitUntil(lambda: section._opening is None and not section.run.is_running, timeout=10_000)
    section._flush()


def described(desk: Desk, folder: Path) -> FolderSection:
    section = opened(desk, folder)
    section.toggle.trigger()
    wait_for(desk, section)
    return section


def texts(section: FolderSection) -> list[str]:
    return [entry.text for entry in section.album.entries]


def shown(section: FolderSection) -> list[str]:
    return [section.model.entry(section.model.index(row)).path.name for row in range(section.model.rowCount())]


def open_editor(section: FolderSection) -> QPlainTextEdit:
    editor = section.grid.indexWidget(section.grid.currentIndex())
    assert isinstance(editor, QPlainTextEdit)
    return editor


def test_every_picture_gets_a_caption_or_a_reason(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    assert texts(section) == [SAID, SAID, "A blank blue image.", ""]
    assert "img4.png" in section.album.entries[3].error
    assert section.filters.chips["all"].text() == "All 4" and section.filters.chips["failed"].text() == "Failed 1"
    assert section.progress.label.text() == "4 pictures · 3 described"


def test_before_there_is_a_folder_the_section_says_how_to_begin(desk: Desk) -> None:
    desk.window.show_section("folder")
    section = desk.window.section("folder")
    assert isinstance(section, FolderSection)
    assert section.empty.isVisible() and section.empty.choose.isVisible()


def test_a_folder_without_pictures_says_so(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    section = opened(desk, tmp_path / "nothing")
    assert "nothing is a folder without a picture" in desk.window.services.status.text
    assert section.empty.isVisible()


def test_the_folders_below_are_shown_on_request(desk: Desk, photos: Path) -> None:
    (photos / "below").mkdir()
    shutil.copy(SAMPLES / "scene-4.png", photos / "below" / "deep.png")
    section = opened(desk, photos)
    assert section.model.rowCount() == 4
    section.sources.recursive.click()
    wait_for(desk, section)
    assert section.model.rowCount() == 5


def test_described_once_it_is_not_asked_again_by_another_start(make_desk: MakeDesk, photos: Path) -> None:
    desk = make_desk()
    section = described(desk, photos)
    section.album.edit(0, "My boat.")
    section.grid.choose_row(1)
    section.revising.review()
    desk.window.close()
    desk.window.services.wait()

    desk = make_desk(Script((AssertionError("It is known."),)))
    desk.window.show_section("folder")
    section = desk.window.section("folder")  # type: ignore[assignment]
    desk.qtbot.waitUntil(lambda: len(section.album) == 4, timeout=10_000)
    assert texts(section)[:2] == ["My boat.", SAID]
    assert [entry.reviewed for entry in section.album.entries] == [True, True, False, False]
    section.toggle.trigger()  # the one that failed is tried again, and fails again
    wait_for(desk, section)
    assert not desk.engine.was_loaded or texts(section)[:2] == ["My boat.", SAID]
    assert section.album.counts["failed"] == 1


def test_the_command_lines_record_is_the_windows(make_desk: MakeDesk, photos: Path) -> None:
    """Described there, a picture is known here: the question is the same to the last field."""
    from app.asking.answer_store import AnswerStore
    from app.asking.describing import Describing
    from app.cli.describe import _question

    rest = {"temperature": 0.0, "top_p": 1.0, "seed": None, "raw": False, "repetition_guard": True}
    clips = dict.fromkeys(("fps", "max_frames", "start", "end"))
    desk = make_desk()
    section = opened(desk, photos)
    from_terminal = _question(None, "caption", None, None, **rest, **clips)
    assert section.run._question_about(section.shown, again=False) == from_terminal
    installed, store = desk.window.services.models.chosen, AnswerStore()
    there = Describing([photos / "img1.png"], from_terminal, installed, store)
    here = Describing([photos / "img1.png"], section.run._question_about(section.shown, again=False), installed, store)
    store.close()
    assert there._settings == here._settings


def test_a_run_is_stopped_and_gone_on_with(make_desk: MakeDesk, photos: Path) -> None:
    desk = make_desk(Script(("First.",)), Script(("Second.",), hold_after=TextDelta("Second.")))
    section = opened(desk, photos)
    section.toggle.trigger()
    desk.qtbot.waitUntil(lambda: desk.engine.held.is_set() and section.run.done == 1, timeout=10_000)
    assert section.toggle.text() == "Stop" and section.progress.bar.isVisible()
    desk.qtbot.waitUntil(lambda: "Describing · 1 of 4" in section.progress.label.text())
    section.toggle.trigger()
    wait_for(desk, section)
    assert texts(section) == ["First.", "", "", ""] and "to go" in desk.window.services.status.text
    section.toggle.trigger()
    desk.qtbot.waitUntil(lambda: desk.engine.held.is_set(), timeout=10_000)
    desk.engine.release()
    wait_for(desk, section)
    assert texts(section)[:2] == ["First.", "Second."]


def test_a_question_in_the_chat_does_not_wait_for_a_long_run(
    make_desk: MakeDesk, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_run, "STEP_BACK_MS", 50)
    desk = make_desk(Script(("Half", " said"), hold_after=TextDelta("Half")), Script(("Hello.",)), Script(("Whole.",)))
    section = opened(desk, photos)
    section.toggle.trigger()
    desk.qtbot.waitUntil(lambda: desk.engine.held.is_set(), timeout=10_000)
    desk.chat.chat.ask("Hello?")
    desk.wait_for_end()
    assert desk.chat.chat.turns[0].answer == "Hello."
    wait_for(desk, section)
    assert texts(section)[:2] == ["Whole.", "Whole."]
    kinds = [type(job) for job in desk.engine.jobs if isinstance(job, Ask | AskMany)]
    assert kinds == [AskMany, Ask, AskMany]


def test_the_filters_show_what_to_look_at(make_desk: MakeDesk, photos: Path) -> None:
    desk = make_desk(LOOP, Script((SAID,)))
    section = described(desk, photos)
    for kind, names in {
        "unreviewed": ["img1.png", "img2.png", "img3.png"],
        "repeated": ["img1.png"],
        "blank": ["img3.png"],
        "failed": ["img4.png"],
        "reviewed": [],
        "all": ["img1.png", "img2.png", "img3.png", "img4.png"],
    }.items():
        section.filters.chips[kind].click()  # type: ignore[index]
        assert shown(section) == names


def test_space_goes_through_what_is_unreviewed(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.filters.chips["unreviewed"].click()
    section.grid.choose_row(0)
    for left in (["img2.png", "img3.png"], ["img3.png"], []):
        desk.qtbot.keyClick(section.grid, Qt.Key.Key_Space)
        assert shown(section) == left
    assert section.album.counts["reviewed"] == 3


def test_among_all_space_marks_and_goes_on(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.grid.choose_row(0)
    desk.qtbot.keyClick(section.grid, Qt.Key.Key_Space)
    assert section.album.entries[0].reviewed and section.grid.currentIndex().row() == 1


def test_a_caption_is_edited_in_place_with_keys_alone(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.grid.setFocus()
    section.grid.choose_row(0)
    desk.qtbot.keyClick(section.grid, Qt.Key.Key_Return)
    editor = open_editor(section)
    assert editor.toPlainText() == SAID and editor.accessibleName() == "Caption of img1.png"
    desk.qtbot.keyClicks(editor, "My boat.")
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert section.album.entries[0].text == "My boat." and section.album.entries[0].reviewed


def test_escape_leaves_a_caption_as_it_was_and_tab_goes_to_the_next(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.grid.choose_row(0)
    section.grid.edit(section.grid.currentIndex())
    editor = open_editor(section)
    desk.qtbot.keyClicks(editor, "Wrong")
    desk.qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert texts(section)[0] == SAID
    section.grid.edit(section.grid.currentIndex())
    editor = open_editor(section)
    desk.qtbot.keyClicks(editor, "First.")
    desk.qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert texts(section)[0] == "First." and section.grid.currentIndex().row() == 1
    assert open_editor(section).toPlainText() == SAID


def test_the_chosen_are_described_again_in_place_of_an_edit_and_that_can_be_undone(
    make_desk: MakeDesk, photos: Path
) -> None:
    desk = make_desk(Script((SAID,)), Script((SAID,)), Script(("A ship.",)))
    section = described(desk, photos)
    section.album.edit(0, "My boat.")
    section.details.choose("high")
    section.grid.choose_row(0)
    section.progress.again.click()
    wait_for(desk, section)
    assert texts(section)[:2] == ["A ship.", SAID] and not section.album.entries[0].reviewed
    desk.window.services.status._accept()
    section.revising.slices.finish()
    assert texts(section)[0] == "My boat." and section.album.entries[0].edited


def test_words_are_found_replaced_and_taken_back(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.filters.search.setText("BOAT")
    desk.qtbot.waitUntil(lambda: shown(section) == ["img1.png", "img2.png"])
    section.filters.more.click()
    section.filters.by.setText("ship")
    section.filters.replace.click()
    assert texts(section)[:2] == ["A red ship in a harbour."] * 2
    assert "2 captions" in desk.window.services.status.text
    desk.window.services.status._accept()
    assert texts(section)[:2] == [SAID, SAID]


def test_replacing_keeps_to_the_chosen_where_several_are_chosen(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.grid.selectAll()
    section.grid.selectionModel().select(section.model.index(1), section.grid.selectionModel().SelectionFlag.Deselect)
    section.filters.search.blockSignals(True)
    section.filters.search.setText("boat")
    section.filters.by.setText("ship")
    section.revising.replace_words()
    assert texts(section)[:2] == ["A red ship in a harbour.", SAID]


def test_text_files_are_written_and_a_strangers_is_offered_to_be_replaced(desk: Desk, photos: Path) -> None:
    (photos / "img2.txt").write_text("Somebody's own words.\n")
    section = described(desk, photos)
    section.album.edit(0, "My boat.")
    section.writer.write_beside()
    desk.qtbot.waitUntil(lambda: "left alone" in desk.window.services.status.text)
    assert (photos / "img1.txt").read_text() == "My boat.\n"
    assert (photos / "img2.txt").read_text() == "Somebody's own words.\n"
    desk.window.services.status._accept()
    desk.qtbot.waitUntil(lambda: (photos / "img2.txt").read_text() == f"{SAID}\n")
    section.album.edit(0, "My ship.")
    section.writer.write_beside()
    desk.qtbot.waitUntil(lambda: (photos / "img1.txt").read_text() == "My ship.\n")


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_one_file_has_what_the_filter_shows(desk: Desk, photos: Path, tmp_path: Path, ending: str) -> None:
    section = described(desk, photos)
    section.filters.chips["blank"].click()
    out = tmp_path / f"out.{ending}"
    section.writer.write_to(out)
    desk.qtbot.waitUntil(lambda: "1 line written" in desk.window.services.status.text)
    assert "A blank blue image." in out.read_text() and SAID not in out.read_text()


def test_a_file_that_cannot_be_written_is_said_so(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.writer.write_to(photos / "nowhere" / "out.csv")
    desk.qtbot.waitUntil(lambda: "could not be written" in desk.window.services.status.text)


def test_each_task_has_captions_of_its_own(make_desk: MakeDesk, photos: Path) -> None:
    desk = make_desk(Script((SAID,)))
    section = described(desk, photos)
    section.tasks.choose("tags")
    wait_for(desk, section)
    assert texts(section) == [""] * 4
    section.tasks.choose("caption")
    wait_for(desk, section)
    assert texts(section)[0] == SAID


def test_a_run_goes_on_while_another_task_is_looked_at(make_desk: MakeDesk, photos: Path) -> None:
    desk = make_desk(Script(("First.",)), Script(("Second.",), hold_after=TextDelta("Second.")))
    section = opened(desk, photos)
    section.toggle.trigger()
    desk.qtbot.waitUntil(lambda: desk.engine.held.is_set() and section.run.done == 1, timeout=10_000)
    section.tasks.choose("tags")
    desk.qtbot.waitUntil(lambda: section._opening is None)
    desk.engine.release()
    wait_for(desk, section)
    assert texts(section) == [""] * 4
    section.tasks.choose("caption")
    wait_for(desk, section)
    assert texts(section)[:2] == ["First.", "Second."]


def test_a_model_that_fails_to_load_is_said_and_nothing_waits_any_more(desk: Desk, photos: Path) -> None:
    section = opened(desk, photos)
    folder = desk.window.services.models.chosen.folder
    desk.engine._worker_of_script.load_errors[folder] = RuntimeError("The model is broken.")
    desk.engine._worker_of_script.loaded = None
    section.toggle.trigger()
    wait_for(desk, section)
    assert "The model is broken." in desk.window.services.status.text and not section.album.waiting


def drop(widget: FolderSection, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    widget.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, buttons, keys))


def test_a_dropped_folder_is_shown(desk: Desk, photos: Path) -> None:
    desk.window.show_section("folder")
    section = desk.window.section("folder")
    assert isinstance(section, FolderSection)
    drop(section, photos)
    wait_for(desk, section)
    assert section.model.rowCount() == 4


def test_a_large_folder_shown_to_the_chat_is_opened_here_and_a_small_one_there(
    desk: Desk, photos: Path, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(21):
        shutil.copy(SAMPLES / "scene-2.png", many / f"{number}.png")
    desk.window.take([many])
    section = desk.window.shown
    assert isinstance(section, FolderSection)
    wait_for(desk, section)
    assert section.model.rowCount() == 21 and not desk.chat.composer.media
    desk.window.show_section("chat")
    (photos / "img4.png").unlink()
    desk.window.take([photos])
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 3, timeout=10_000)


def test_a_picture_of_the_grid_is_asked_about_in_the_chat(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.grid.choose_row(1)
    next(action for action in section.revising.menu().actions() if action.text() == "Ask in chat").trigger()
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1, timeout=10_000)
    assert desk.window.shown is desk.chat


def test_captions_are_copied(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.grid.choose_row(2)
    section.revising.copy()
    assert QGuiApplication.clipboard().text() == "A blank blue image."


def test_every_control_has_a_name_and_a_tooltip_and_every_tile_is_spoken(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    section.filters.more.click()
    found = [widget for widget in controls(section) if not isinstance(widget, QAbstractScrollArea)]
    assert len(found) > 10
    assert not [widget for widget in found if not widget.accessibleName() or not widget.toolTip()]
    section.revising.review()
    spoken = [section.model.data(section.model.index(row), Qt.ItemDataRole.AccessibleTextRole) for row in (0, 3)]
    assert spoken[0] == f"img1.png. {SAID}. reviewed" and "no caption yet" in spoken[1]


def test_the_section_is_reached_by_its_shortcut_and_left_by_tab(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    action = next(
        action
        for menu in desk.window.menuBar().actions()
        for action in menu.menu().actions()  # type: ignore[attr-defined]
        if action.text() == "Folder"
    )
    assert action.shortcut().toString() == "Ctrl+3"
    desk.window.activateWindow()
    section.grid.setFocus()
    visited = set()
    for _ in range(60):
        desk.qtbot.keyClick(desk.window.focusWidget() or desk.window, Qt.Key.Key_Tab)
        visited.add(desk.window.focusWidget())
    wanted = {section.grid, section.filters.search, section.filters.chips["all"], section.progress.review}
    assert wanted <= visited


def test_the_menu_key_opens_the_menu_of_the_chosen(desk: Desk, photos: Path) -> None:
    section = described(desk, photos)
    wanted: list[QPoint] = []
    section.grid.menu_wanted.disconnect()
    section.grid.menu_wanted.connect(wanted.append)
    section.grid.choose_row(0)
    section.grid.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint()))
    assert len(wanted) == 1


def test_thumbnails_come_from_a_thread_and_stay_within_their_budget(
    desk: Desk, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desktop.folder.thumbnail_loader.MEMORY_BYTES", 400 * 300 * 4)
    section = opened(desk, photos)
    desk.qtbot.waitUntil(lambda: section.loader.get(photos / "img3.png") is not None, timeout=10_000)
    section.grid.viewport().grab()
    desk.qtbot.wait(100)
    assert 0 <= section.loader.held_bytes <= 400 * 300 * 4
    desk.qtbot.waitUntil(lambda: section.loader.get(photos / "img4.png") is not None, timeout=10_000)
    picture = section.loader.get(photos / "img4.png")
    assert picture is not None and picture.isNull()


def test_cards_that_a_turn_has_no_time_for_are_drawn_in_the_next_ones(
    desk: Desk, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile, "MOST_IN_A_TURN", 0.0)
    section = described(desk, photos)
    held = section.grid._tiles._drawn
    desk.qtbot.waitUntil(lambda: {id(entry) for entry, _ in held.values()} >= set(map(id, section.album.entries)))
    turns: list[None] = []
    section.grid._tiles.put_off.connect(lambda: turns.append(None))
    section.loader._held.clear()
    held.clear()
    section.grid.viewport().update()
    desk.qtbot.waitUntil(lambda: len(held) >= 4)
    assert len(turns) >= 3, "one card a turn"
