"""A hub on this machine with one small checkpoint, and no long waits between tries."""

from collections.abc import Iterator

import pytest

from app.shelf import retries
from tests.checkpoints import write_checkpoint
from tests.hub_stub import HubStub

HUB_ID = "org/tiny"
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = write_checkpoint(tmp_path_factory.mktemp("checkpoint"), "smollm2", dtype="bfloat16")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited, in sum a clock: none of them passes."""
    slept: list[float] = []

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return sum(slept)

        @staticmethod
        def sleep(seconds: float) -> None:
            slept.append(seconds)

    monkeypatch.setattr(retries, "time", Clock)
    return slept


@pytest.fixture
def hub(files: dict[str, bytes], waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStub]:
    """The stub as the hub that is asked."""
    from huggingface_hub import close_session

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with HubStub(dict(files), HUB_ID) as stub:
        monkeypatch.setenv("HF_ENDPOINT", stub.url)
        yield stub
        close_session()
