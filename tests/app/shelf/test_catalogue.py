"""The catalogue's rows: names, pins, and sizes that the published shapes have."""

import re
from math import prod

import pytest

from app.shelf.catalogue import catalogue, is_hub_id
from tests.checkpoints import model_config, tensor_shapes


def test_names_and_ids_are_unique_and_in_their_forms() -> None:
    rows = catalogue()
    assert len({row.name for row in rows}) == len({row.hub_id for row in rows}) == len(rows)
    assert all(is_hub_id(row.hub_id) and row.purpose in ("pictures", "documents", "words") for row in rows)
    assert {row.purpose for row in rows} == {"pictures", "documents", "words"}


def test_what_is_pinned_has_the_form_of_a_commit_and_of_a_sha256() -> None:
    pinned = [row for row in catalogue() if row.revision]
    assert len(pinned) == 3
    assert all(re.fullmatch("[0-9a-f]{40}", row.revision or "") for row in pinned)
    assert all(re.fullmatch("[0-9a-f]{64}", value) for row in catalogue() for value in row.sha256.values())
    assert all(row.revision for row in catalogue() if row.sha256), "a checksum belongs to a commit"


@pytest.mark.parametrize(
    ("name", "preset"),
    [("256m", "256m"), ("256m-v1", "256m-v1"), ("500m", "500m"), ("2.2b", "2.2b"), ("2.2b-v1", "2.2b-v1")]
    + [("text-135m", "smollm2")],
)
def test_sizes_are_those_of_the_published_shapes(name: str, preset: str) -> None:
    (row,) = [row for row in catalogue() if row.name == name]
    shapes = tensor_shapes(model_config(preset, real_size=True))
    assert row.parameters == sum(map(prod, shapes.values()))
    assert row.download_bytes == 2 * row.parameters
