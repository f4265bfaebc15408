"""Answers that outlast the process, whatever happens to it, to the file, or beside it."""

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.asking.answer_store import AnswerStore

PUT_AND_DIE = """
import os, signal, sys
from app.asking.answer_store import AnswerStore
store = AnswerStore()
for number in range(50):
    store.put(f"{sys.argv[1]}{number}", {"text": f"{number}"})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_put_is_there_after_any_kill_and_processes_do_not_disturb_each_other(root: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", PUT_AND_DIE, name], cwd=root) for name in "abc"]
    assert [process.wait(60) for process in running] == [-signal.SIGKILL] * 3
    store = AnswerStore()
    assert store.trouble is None
    assert all(store.get(f"{name}{number}") == {"text": f"{number}"} for name in "abc" for number in range(50))
    assert store.get("d0") is None
    store.close()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "deep" / "answers.sqlite3")
    store.put("key", {"text": "Private."})
    assert {stat.S_IMODE(file.stat().st_mode) for file in store.file.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(store.file.parent.stat().st_mode) == 0o700
    store.close()


def test_threads_share_it(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "answers.sqlite3")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: store.put(str(number), {"text": "\udcff" * number}), range(40)))
        assert list(threads.map(lambda number: store.get(str(number)), range(40)))[3] == {"text": "\udcff" * 3}
    store.close()


def test_a_broken_file_is_put_aside_and_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "answers.sqlite3"
    file.write_bytes(b"no database at all" * 100)
    store = AnswerStore(file)
    store.put("key", {"text": "A"})
    assert store.get("key") == {"text": "A"} and store.trouble is None
    assert (tmp_path / "answers.broken").exists()
    store.close()


def test_where_nothing_can_be_kept_nothing_is_and_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = AnswerStore(tmp_path / "file" / "answers.sqlite3")
    store.put("key", {"text": "A"})
    assert store.get("key") is None
    assert store.trouble and "not remembered" in store.trouble
    store.close()


def test_a_full_disk_ends_the_keeping_and_nothing_else(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "answers.sqlite3")
    store.put("key", {"text": "A"})
    assert store._connection is not None
    store._connection.execute("PRAGMA max_page_count = 1")
    store.put("other", {"text": "B" * 100_000})
    assert store.trouble and "full" in store.trouble
    store.close()
    again = AnswerStore(tmp_path / "answers.sqlite3")
    assert again.get("key") == {"text": "A"}
    again.close()


def test_its_place_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AnswerStore().file == Path(os.environ["SMOLSIGHT_CACHE"]) / "answers.sqlite3"
