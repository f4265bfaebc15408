"""What was read, written and taken back: a reopened conversation reads no picture again, and no wrong file is used."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from mlx_model.cache import KVCache, QuantizedKVCache
from mlx_model.device.arithmetic import Packed
from mlx_model.errors import SaveError
from mlx_model.events import TilesEncoded
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.prompt import Message, Text
from mlx_model.sessions.kept_sessions import Sessions
from mlx_model.sessions.session import Session
from mlx_model.sessions.session_file import read_session, write_session
from tests.mlx_model.asking import noise
from tests.mlx_model.talking import Talk, sessions

Caches = Callable[[], list[KVCache]]


@pytest.fixture(params=["plain", "packed", "half packed", "bfloat16"])
def kept(request: pytest.FixtureRequest, seeing: Checkpoint) -> Sessions:
    layers = seeing.model.language_model.layers
    new_cache: dict[str, Caches] = {
        "plain": seeing.model.language_model.new_cache,
        "packed": lambda: [QuantizedKVCache(8) for _ in layers],
        "half packed": lambda: [QuantizedKVCache(4, 10_000) for _ in layers],
        "bfloat16": lambda: [_BrainFloats() for _ in layers],
    }
    return Sessions(new_cache[request.param], 2**30)


class _BrainFloats(KVCache):
    """A cache as Metal has it."""

    def update(self, new: mx.array) -> tuple[mx.array | Packed, mx.array | Packed]:
        keys, values = super().update(new.astype(mx.bfloat16))
        assert isinstance(keys, mx.array) and isinstance(values, mx.array), "this one is not packed"
        return keys.astype(mx.float32), values.astype(mx.float32)


@pytest.fixture
def talk(seeing: Checkpoint) -> Talk:
    talk = Talk(seeing, sessions(seeing))
    talk.say(noise(), Text("What?"))
    return talk


@pytest.fixture
def saved(talk: Talk, tmp_path: Path) -> Path:
    session = talk.kept.get(talk.name)
    assert session is not None
    write_session(tmp_path / "talk.safetensors", session, "model")
    return tmp_path / "talk.safetensors"


def empty(talk: Talk) -> list[KVCache]:
    return talk.checkpoint.model.language_model.new_cache()


def test_a_reopened_conversation_reads_its_last_words_alone(seeing: Checkpoint, kept: Sessions, tmp_path: Path) -> None:
    talk, file = Talk(seeing, kept), tmp_path / "talk.safetensors"
    talk.say(noise(), Text("What?"))
    session = kept.get(talk.name)
    assert session is not None
    write_session(file, session, "model")
    talk.messages.append(Message("user", (Text("And then?"),)))
    expected = talk.answer().answer

    talk.kept = Sessions(kept.new_cache, 2**30)
    talk.kept.put(talk.name, read_session(file, kept.new_cache(), "model"))
    heard = talk.answer()
    assert (heard.answer.text, heard.answer.cached_tokens) == (expected.text, expected.cached_tokens)
    assert heard.of(TilesEncoded) == []


def test_a_file_is_for_its_owner_alone(saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600


def test_a_reopened_session_leaves_the_file_as_it_is(talk: Talk, saved: Path) -> None:
    before = saved.read_bytes()
    talk.kept.put(talk.name, read_session(saved, empty(talk), "model"))
    talk.say(Text("And then?"))
    assert saved.read_bytes() == before


@pytest.mark.parametrize("name", ["another model", "another form", "another depth"])
def test_a_file_of_another_model_is_refused(talk: Talk, saved: Path, name: str) -> None:
    cache, model = empty(talk), "model"
    if name == "another model":
        model = "other"
    elif name == "another form":
        cache = [QuantizedKVCache(8) for _ in cache]
    else:
        cache = [*cache, KVCache()]
    with pytest.raises(SaveError, match="was not used"):
        read_session(saved, cache, model)


def test_a_damaged_file_is_refused_wherever_the_damage_is(talk: Talk, saved: Path) -> None:
    content = saved.read_bytes()
    places = np.random.default_rng(0).integers(0, len(content), 60)
    damaged = [content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :] for place in (*places, 3, 9, 20)]
    damaged += [b"", b"hello", content[:-1], content[: len(content) // 2], content + b"x"]
    for one in damaged:
        saved.write_bytes(one)
        with pytest.raises(SaveError) as error:
            read_session(saved, empty(talk), "model")
        assert str(saved) in str(error.value)


def test_a_file_that_is_not_there_is_a_sentence(talk: Talk, tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="does not exist"):
        read_session(tmp_path / "gone.safetensors", empty(talk), "model")


def test_a_full_disk_leaves_what_was_there(talk: Talk, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    before = saved.read_bytes()
    monkeypatch.setattr("os.fsync", full)
    session = talk.kept.get(talk.name)
    assert session is not None
    with pytest.raises(SaveError, match="No space left on device"):
        write_session(saved, session, "model")
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


_WRITER = """
import sys
from pathlib import Path
import mlx_model
import mlx.core as mx
from mlx_model.cache import KVCache
from mlx_model.sessions.session import Session
from mlx_model.sessions.session_file import write_session
cache = KVCache()
cache.update(mx.ones((1, 8, 20_000, 64)))
print("ready", flush=True)
while True:
    write_session(Path(sys.argv[1]), Session([cache], [1] * 20_000), "model")
"""


@pytest.mark.slow
def test_a_process_that_is_killed_while_saving_leaves_a_whole_file(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "talk.safetensors"
    for delay in (0.3, 0.55, 0.8):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(file)], cwd=root, stdout=subprocess.PIPE, start_new_session=True
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if file.exists():
            assert read_session(file, [KVCache()], "model").length == 20_000


def test_nothing_is_written_of_a_session_that_holds_nothing(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "talk.safetensors"
    with pytest.raises(SaveError, match="nothing"):
        write_session(file, Session(empty(talk)), "model")
    assert not file.exists()
