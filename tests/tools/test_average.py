"""The mean of two runs is the mean of what both have. Needs the `parity` group."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tools.embedded.results.average import average  # noqa: E402


def save(folder: Path, **trained: list[float]) -> Path:
    folder.mkdir()
    weights = {name: torch.tensor(values) for name, values in trained.items()}
    torch.save({"trained": weights, "step": len(trained)}, folder / "checkpoint.pt")
    (folder / "tokenizer.json").write_text(folder.name)
    return folder


def test_the_mean_is_of_what_both_runs_have_and_the_rest_is_the_later_one_s(tmp_path: Path) -> None:
    before = save(tmp_path / "before", model=[1.0, 2.0], helper=[1.0])
    after = save(tmp_path / "after", model=[2.0, 6.0], helper=[5.0, 5.0], fresh=[7.0])
    average(before, after, tmp_path / "out" / "mean")
    state = torch.load(tmp_path / "out" / "mean" / "checkpoint.pt", weights_only=True)
    assert {name: value.tolist() for name, value in state["trained"].items()} == {
        "model": [1.5, 4.0],
        "helper": [5.0, 5.0],
        "fresh": [7.0],
    }
    assert state["step"] == 3 and (tmp_path / "out" / "mean" / "tokenizer.json").read_text() == "after"
