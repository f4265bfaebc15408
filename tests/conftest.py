"""What every test runs under: no network beyond this machine, no hub, an empty model shelf of its own."""

import ipaddress
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

import mlx_model  # noqa: F401 (loads the BLAS library, which must come before any test's `import mlx.core`)

# huggingface_hub reads this once, at its import; a test of downloads lifts it for its own stub server.
os.environ["HF_HUB_OFFLINE"] = "1"

# A shell that starts a job in the background has it ignore Ctrl-C, and so would every program that is tested here.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models and the hub's cache are those of the test, never the developer's, in child processes too."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SMOLSIGHT_MODELS", str(home / "models"))
    monkeypatch.setenv("SMOLSIGHT_CACHE", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("HF_HOME", str(home / "huggingface"))
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that leaves this machine fails the test, with the address in the message."""
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _loopback_only(getattr(socket.socket, name)))
    monkeypatch.setattr(socket, "getaddrinfo", _loopback_names_only(socket.getaddrinfo))


@pytest.fixture
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture
def shared() -> Path:
    """The folder beside the checkout with published configurations and tokenizers; without it the test is skipped."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder `shared` beside the checkout")
    return folder


def _loopback_only(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family != getattr(socket, "AF_UNIX", None) and not _is_loopback(address[0]):
            raise AssertionError(f"A test tried to connect to {address}.")
        return connect(self, address)

    return guarded


def _loopback_names_only(getaddrinfo: Any) -> Any:
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and not _is_loopback(host):
            raise AssertionError(f"A test tried to look up {host}.")
        return getaddrinfo(host, *args, **kwargs)

    return guarded


def _is_loopback(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
