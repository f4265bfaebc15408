"""Limits on MLX's memory: wired on macOS 15 and newer alone."""

from collections.abc import Iterator

import mlx.core as mx
import pytest

from mlx_model.device import memory


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """What is set, in place of setting it."""
    found: dict[str, int] = {}
    monkeypatch.setattr(mx, "set_cache_limit", lambda limit: found.update(cache=limit))
    monkeypatch.setattr(mx, "set_wired_limit", lambda limit: found.update(wired=limit))
    monkeypatch.setattr(mx, "device_info", lambda: {"max_recommended_working_set_size": 12_000_000_000})
    yield found


@pytest.mark.parametrize(("macos", "wired"), [("15.0", True), ("26.1", True), ("14.7.1", False), ("13.6", False)])
def test_memory_is_wired_where_the_system_knows_how(
    limits: dict[str, int], monkeypatch: pytest.MonkeyPatch, macos: str, wired: bool
) -> None:
    monkeypatch.setattr(mx.metal, "is_available", lambda: True)
    monkeypatch.setattr("platform.mac_ver", lambda: (macos, ("", "", ""), "arm64"))
    memory.limit_memory()
    assert limits == {"cache": memory.CACHE_BYTES, **({"wired": 12_000_000_000} if wired else {})}


def test_elsewhere_nothing_is_wired(limits: dict[str, int]) -> None:
    if mx.metal.is_available():
        pytest.skip("this is no elsewhere")
    memory.limit_memory()
    assert limits == {"cache": memory.CACHE_BYTES}
    assert not memory.can_wire("")
