"""Rates rise, fall and end at zero; a pause costs time, never the schedule; a recipe's stages follow one another."""

import pytest

from tools.embedded.training.schedule import FRESH, WARM, Budget, Deadline, Ramp, seconds_until
from tools.embedded.training.stages import RECIPES, Stage, stage_at


@pytest.mark.parametrize("ramp", [FRESH, WARM])
def test_rates_rise_to_their_peak_and_end_at_zero(ramp: Ramp) -> None:
    assert ramp.factor(0.0, ramp.rise) == ramp.peak
    assert ramp.factor(0.0, 1) < ramp.peak / 30
    falling = [ramp.factor(progress / 10, 1000) for progress in range(11)]
    assert falling == sorted(falling, reverse=True) and falling[-1] == 0


def test_a_warm_start_rises_to_half_of_the_full_rates_at_most() -> None:
    assert WARM.peak <= FRESH.peak / 2


def test_a_budget_does_not_count_the_time_of_a_pause() -> None:
    budget = Budget(600)
    assert budget.progress(used=60, now=1000) == budget.progress(used=60, now=5000) == 0.1
    assert budget.progress(used=700, now=0) == 1


def test_a_deadline_ends_at_its_hour_whatever_was_used() -> None:
    deadline = Deadline(began=1000, end=2000)
    assert [deadline.progress(used=0, now=now) for now in (900, 1000, 1500, 2500)] == [0, 0, 0.5, 1]


@pytest.mark.parametrize(("clock", "seconds"), [("20:05", 5 * 60), ("20:00", 0), ("19:00", 23 * 3600)])
def test_an_hour_that_has_passed_is_tomorrows(clock: str, seconds: int) -> None:
    assert seconds_until(clock, now=86400 * 5 + 20 * 3600, utc_midnight=86400 * 5) == seconds


@pytest.mark.parametrize("name", RECIPES)
def test_stages_cover_the_run_in_order(name: str) -> None:
    recipe = RECIPES[name]
    assert [stage.end for stage in recipe] == sorted({stage.end for stage in recipe}) and recipe[-1].end == 1
    assert stage_at(recipe, 1.0) == (recipe[-1], 1.0)
    seen = [stage_at(recipe, progress / 100)[0] for progress in range(100)]
    assert list(dict.fromkeys(seen)) == list(recipe)


def test_few_frames_come_before_many() -> None:
    first: dict[str, int] = {}
    for number, stage in enumerate(RECIPES["from-nothing"]):
        for form, _ in stage.forms:
            first.setdefault(form.name, number)
    assert first["one"] < first["four"] < first["few"] < first["many"]


def test_a_stage_gives_all_workers_the_same_form_and_each_its_share() -> None:
    stage: Stage = RECIPES["from-nothing"][-1]
    picked = [stage.pick(step) for step in range(2000)]
    assert picked[:50] == [stage.pick(step) for step in range(50)]
    total = sum(weight for _, weight in stage.forms)
    for form, weight in stage.forms:
        assert picked.count(form) / 2000 == pytest.approx(weight / total, abs=0.04)


def test_shares_of_a_form_add_up_to_one() -> None:
    for recipe in RECIPES.values():
        for stage in recipe:
            assert all(sum(share for _, share in form.kinds) == pytest.approx(1) for form, _ in stage.forms)
