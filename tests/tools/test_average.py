"""The mean is that of what both have, runs or what ships. Needs the `parity` group."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tools.embedded.results.average import average  # noqa: E402
from tools.embedded.training.warm_start import read_weights  # noqa: E402

EMBEDDED = Path(__file__).parents[2] / "assets" / "embedded"


def save(folder: Path, trained: dict[str, Any]) -> Path:
    folder.mkdir()
    torch.save({"trained": trained, "step": len(trained)}, folder / "checkpoint.pt")
    (folder / "tokenizer.json").write_text(folder.name)
    return folder


def tensors(**values: list[float]) -> dict[str, Any]:
    return {name: torch.tensor(numbers) for name, numbers in values.items()}


def test_the_mean_is_of_what_both_runs_have_and_the_rest_is_the_later_one_s(tmp_path: Path) -> None:
    before = save(tmp_path / "before", tensors(model=[1.0, 2.0], helper=[1.0]))
    after = save(tmp_path / "after", tensors(model=[2.0, 6.0], helper=[5.0, 5.0], fresh=[7.0]))
    average(before, after, tmp_path / "out" / "mean")
    state = torch.load(tmp_path / "out" / "mean" / "checkpoint.pt", weights_only=True)
    assert {name: value.tolist() for name, value in state["trained"].items()} == {
        "model": [1.5, 4.0],
        "helper": [5.0, 5.0],
        "fresh": [7.0],
    }
    assert state["step"] == 3 and (tmp_path / "out" / "mean" / "tokenizer.json").read_text() == "after"


def test_what_ships_can_be_the_earlier_of_the_two(tmp_path: Path) -> None:
    shipped = read_weights(EMBEDDED)
    later = {f"model.{name}": value + 2 for name, value in shipped.items()}
    after = save(tmp_path / "after", later | {"heads.thing.bias": torch.tensor([3.0])})
    average(EMBEDDED, after, tmp_path / "mean")
    trained = torch.load(tmp_path / "mean" / "checkpoint.pt", weights_only=True)["trained"]
    assert trained.pop("heads.thing.bias").tolist() == [3.0]
    assert trained.keys() == {f"model.{name}" for name in shipped}
    for name, value in shipped.items():
        torch.testing.assert_close(trained[f"model.{name}"], value + 1)
