"""The mean is that of what both have, runs or what ships. Needs the `parity` group."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tools.embedded.results.average import average  # noqa: E402
from tools.embedded.training.warm_start import read_weights  # noqa: E402

EMBEDDED = Path(__file__).parents[2] / "assets" / "embedded"


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


def test_what_ships_can_be_the_earlier_of_the_two(tmp_path: Path) -> None:
    shipped = read_weights(EMBEDDED)
    after = tmp_path / "after"
    after.mkdir()
    later = {f"model.{name}": value + 2 for name, value in shipped.items()} | {"heads.thing.bias": torch.tensor([3.0])}
    torch.save({"trained": later}, after / "checkpoint.pt")
    (after / "tokenizer.json").write_text("")
    average(EMBEDDED, after, tmp_path / "mean")
    trained = torch.load(tmp_path / "mean" / "checkpoint.pt", weights_only=True)["trained"]
    assert trained.pop("heads.thing.bias").tolist() == [3.0]
    assert trained.keys() == {f"model.{name}" for name in shipped}
    for name, value in shipped.items():
        torch.testing.assert_close(trained[f"model.{name}"], value + 1)
