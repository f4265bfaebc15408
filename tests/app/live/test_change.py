"""A frame is worth a caption when its pixels have changed and the model sees something else."""

import numpy as np
import pytest

from app.live.change import ChangeDetector, cosine_distance
from app.live.frame import SMALL, make_frame


def small(value: int) -> np.ndarray:
    return np.full(SMALL[::-1], value, np.uint8)


def test_the_first_frame_counts_and_the_same_again_does_not() -> None:
    detector = ChangeDetector()
    assert detector.moved(small(100))
    assert not detector.moved(small(100))


def test_noise_is_no_change_and_a_small_thing_that_moves_is_one() -> None:
    detector, noise = ChangeDetector(), np.random.default_rng(0)
    detector.moved(small(100))
    assert not detector.moved(small(100) + noise.integers(0, 10, SMALL[::-1], dtype=np.uint8))
    moved = small(100)
    moved[10:14, 10:14] = 200
    assert detector.moved(moved)


def test_a_slow_change_adds_up() -> None:
    detector = ChangeDetector()
    assert [value for value in range(100, 140) if detector.moved(small(value))] == [100, 117, 134]


def test_features_nearer_than_the_threshold_are_the_same_scene() -> None:
    detector = ChangeDetector(threshold=0.1)
    assert detector.changed((1.0, 0.0))
    assert not detector.changed((0.95, 0.3))
    assert detector.changed((0.0, 1.0))


def test_at_threshold_0_every_frame_counts() -> None:
    detector = ChangeDetector(threshold=0)
    assert detector.moved(small(1))
    assert detector.moved(small(1))


def test_another_question_makes_the_same_frame_count() -> None:
    detector = ChangeDetector()
    detector.moved(small(1))
    detector.changed((1.0, 0.0))
    detector.forget()
    assert detector.moved(small(1))
    assert detector.changed((1.0, 0.0))


def test_the_distance_is_the_cosines_and_1_between_two_models() -> None:
    assert cosine_distance((1, 0), (2, 0)) == pytest.approx(0)
    assert cosine_distance((1, 0), (1, 1)) == pytest.approx(1 - 2**-0.5)
    assert cosine_distance((1, 0), (1, 0, 0)) == 1


@pytest.mark.parametrize("size", [(480, 640), (20, 30), (1080, 1920), (1, 500)])
def test_frames_of_any_size_are_compared_at_one(size: tuple[int, int]) -> None:
    frame = make_frame(np.full((*size, 3), 77, np.uint8), 0.0)
    assert frame.small.shape == SMALL[::-1]
    assert np.all(frame.small == 77)
    assert frame.blank() == "A blank dark grey image."
