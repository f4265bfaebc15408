"""Which kernels an OpenBLAS is told to use, and that numpy's own is left to its own choice."""

import os

import pytest

from mlx_model.device import blas
from mlx_model.device.blas import CHOICE, kernels_for

SKYLAKE = {"avx", "avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl"}


@pytest.mark.parametrize(
    ("flags", "kernels"),
    [
        (SKYLAKE, "SkylakeX"),
        (SKYLAKE - {"avx512vl"}, "Haswell"),
        ({"avx", "avx2", "fma"}, "Haswell"),
        ({"avx", "avx2"}, None),
        (set(), None),
    ],
)
def test_the_kernels_follow_from_the_processors_flags(flags: set[str], kernels: str | None) -> None:
    assert kernels_for(frozenset(flags)) == kernels


@pytest.mark.parametrize("chosen", [None, "Haswell"])
def test_the_environment_is_as_the_user_left_it(monkeypatch: pytest.MonkeyPatch, chosen: str | None) -> None:
    monkeypatch.setattr(blas, "_processor_flags", lambda: frozenset(SKYLAKE))
    monkeypatch.delenv(CHOICE, raising=False)
    if chosen:
        monkeypatch.setenv(CHOICE, chosen)
    with blas._kernels_chosen():
        assert os.environ[CHOICE] == (chosen or "SkylakeX")
    assert os.environ.get(CHOICE) == chosen
