"""Comparisons go on where they stopped, and agree with the paper only when all seeds do. Needs the `parity` group."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

import assets

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
torch.set_num_threads(1)

from tools.embedded.results import findings, trials  # noqa: E402
from tools.embedded.results.findings import COMPARISONS, Result, found, spread, table, verdict  # noqa: E402
from tools.embedded.results.trials import Arm, Trial, every_token  # noqa: E402
from tools.embedded.training.training_log import TASKS  # noqa: E402
from tools.embedded.world.scenes import World  # noqa: E402

EMBEDDED = assets.path("embedded")


def test_seeds_must_all_agree_before_a_finding_does() -> None:
    assert verdict({"a": [0.6, 0.7], "b": [0.1, 0.5]}, "a") == "a: agrees"
    assert verdict({"a": [0.4, 0.7], "b": [0.1, 0.5]}, "a") == "a: the seeds overlap"
    assert verdict({"a": [0.1, 0.2], "b": [0.3, 0.5]}, "a") == "a: disagrees"
    assert verdict({"a": [], "b": [0.3]}, "a") == "a: not run"
    assert spread([0.25, 0.5]) == "38 % (25 to 50)" and spread([]) == "not run"


def test_a_table_shows_what_was_run_and_what_was_not(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    first = COMPARISONS[0]
    lines = [Result(first.name, arm.name, seed, 0.5, 10, 1.0) for arm in first.arms for seed in findings.SEEDS]
    file.write_text("".join(json.dumps(asdict(line)) + "\n" for line in lines), encoding="utf-8")
    rows = table(file).splitlines()
    assert rows[2].startswith(f"| {first.name} | learned: 50 % (50 to 50)") and "not run" not in rows[2]
    assert all("not run" in row for row in rows[3:])
    assert found(file, first.name, "learned", 2) == lines[1] and found(file, first.name, "learned", 9) is None


def test_every_comparison_has_two_arms_and_names_the_papers(tmp_path: Path) -> None:
    for comparison in COMPARISONS:
        names = [arm.name for arm in comparison.arms]
        assert len(set(names)) == 2 and comparison.paper in names
        assert not comparison.task or comparison.task in TASKS


@pytest.mark.slow
@pytest.mark.parametrize("arm", [arm for one in COMPARISONS for arm in one.arms], ids=lambda arm: arm.name)
def test_an_arm_can_be_trained_and_measured(world: World, monkeypatch: pytest.MonkeyPatch, arm: Arm) -> None:
    monkeypatch.setattr(trials, "BATCHES", 1)
    trial = Trial(arm, 1, EMBEDDED, world)
    encoder = trial.model.model.vision_model.post_layernorm.weight.clone()
    head = trial.model.lm_head.weight.clone()
    assert trial.train(0.01) == 1
    assert torch.equal(encoder, trial.model.model.vision_model.post_layernorm.weight)
    assert not torch.equal(head, trial.model.lm_head.weight)
    assert 0 <= trial.right("") <= 1
    batch = trial.makers[0].batch(arm.form, arm.knobs, TASKS.index)
    assert set(batch.asked.tolist()) < set(every_token(batch)[0].tolist())
