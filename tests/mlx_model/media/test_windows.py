"""A clip in windows: every second of it, each with the frames that are on the screen then, in one pass."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlx_model.config import ImageConfig
from mlx_model.errors import Cancelled, InputError
from mlx_model.media import windows
from mlx_model.media.video import Clip, Watching, cut_frame, open_clip, plan_frames, stream_tiles
from mlx_model.media.video_decoder import stream_shown
from mlx_model.media.windows import stream_windows
from tests.clips import CLIPS, Alive, write_clip

CONFIG = ImageConfig(64, 256, (0.5,) * 3, (0.5,) * 3, video_edge=64)


def cut(name: str, every: float, **watching: Any) -> list[Clip]:
    return list(stream_windows(CLIPS / name, CONFIG, every, Watching(**watching), name))


def spans(clips: list[Clip]) -> list[tuple[float, float | None]]:
    return [(clip.watching.start, clip.watching.end) for clip in clips]


def numbers(clip: Clip) -> list[int]:
    """Which frame of the original each one is: frame N has the luma 16 + 3 N."""
    return [round(float(tile.mean()) * 219 / 255 / 3) for tile in clip.tiles]


@pytest.mark.parametrize("name", ["steady.mp4", "steady.avi", "steady.mkv", "steady.ts", "steady.webm", "late.mp4"])
def test_a_steady_clip_is_seen_second_by_second_in_every_container(name: str) -> None:
    clips = cut(name, 2)
    assert spans(clips) == [(0, 2), (2, 4)]
    assert [numbers(clip) for clip in clips] == [[0, 15], [30, 45]]
    assert [clip.times for clip in clips] == [(0.0, 1.0)] * 2, "times run from the window's own beginning"
    assert [clip.duration for clip in clips] == [2, 2]


def test_frames_are_those_that_a_plain_look_at_them_gives() -> None:
    (clip,) = cut("steady.mp4", 4)
    plain = open_clip(CLIPS / "steady.mp4", watching=Watching())
    frames = plan_frames(plain, CONFIG)
    wanted = [stream_tiles(plain, type(frames)((n,), (0.0,), 4.0, 0.0, 4.0), CONFIG) for n in (0, 15, 30, 45)]
    assert all(np.array_equal(tile, next(other)) for tile, other in zip(clip.tiles, wanted, strict=True))


@pytest.mark.parametrize(
    ("every", "ends"),
    [
        (3, [3, 4]),
        (2.5, [2.5, 4]),
        (3.2, [4]),  # what is left over is too short for a window
        (1.3, [1.3, 2.6, 4]),
        (1.5, [1.5, 3, 4]),
        (100, [4]),
        (0.8, [0.8, 1.6, 2.4, 3.2, 4]),
    ],
)
def test_windows_follow_each_other_to_the_very_end(every: float, ends: list[float]) -> None:
    clips = cut("steady.mp4", every)
    assert [clip.watching.end for clip in clips] == ends
    assert [clip.watching.start for clip in clips] == [0, *ends[:-1]]
    assert all(clip.tiles for clip in clips)


def test_a_still_that_fills_windows_is_seen_in_each_of_them() -> None:
    """Frames 0 to 14 in the first second, then each seventh: what is on the screen at 2.5 s is frame 35."""
    clips = cut("variable.mp4", 0.5, fps=4)
    shown = [number for number in range(60) if number < 15 or number % 7 == 0]
    moments = [clip.watching.start + time for clip in clips for time in clip.times]
    assert spans(clips)[-1][1] == pytest.approx(open_clip(CLIPS / "variable.mp4").duration, abs=1e-3)
    assert [number for clip in clips for number in numbers(clip)] == [
        max(number for number in shown if number / 15 <= moment + 1e-6) for moment in moments
    ]


@pytest.mark.parametrize("name", ["trimmed.mp4", "cut-off.mp4", "rotated.mp4"])
def test_an_odd_clip_ends_where_its_frames_do(name: str) -> None:
    clips = cut(name, 1)
    assert clips[-1].watching.end == pytest.approx(open_clip(CLIPS / name).duration, abs=1e-3)


def test_only_the_part_that_is_asked_for_is_seen() -> None:
    clips = cut("steady.mp4", 1, start=1.5, end=3.75, fps=2)
    assert spans(clips) == [(1.5, 2.5), (2.5, 3.75)]
    assert [numbers(clip) for clip in clips] == [[22, 30], [37, 45, 52]]
    assert spans(cut("steady.mp4", 2, end=100)) == [(0, 2), (2, 4)]


def test_windows_have_no_more_frames_than_they_may() -> None:
    assert [len(clip.tiles) for clip in cut("steady.mp4", 4, fps=15, max_frames=3)] == [3]
    assert [len(clip.tiles) for clip in cut("steady.mp4", 2, fps=0.01)] == [1, 1]
    (clip,) = cut("steady.mp4", 4)
    assert plan_frames(clip, CONFIG, max_frames=2).seconds == (0, 3), "where the context has no room for all"


def test_a_window_says_where_in_the_clip_it_lies() -> None:
    clip = cut("steady.mp4", 2)[1]
    plan = plan_frames(clip, CONFIG)
    assert (plan.start, plan.end, plan.seconds, plan.duration) == (2, 4, (0, 1), 2)
    assert all(map(np.array_equal, stream_tiles(clip, plan, CONFIG), clip.tiles))


def test_a_clip_of_one_frame_is_one_window(tmp_path: Path) -> None:
    (clip,) = stream_windows(write_clip(tmp_path / "one.avi", count=1), CONFIG, 5, Watching())
    assert (len(clip.tiles), clip.watching.end) == (1, 1.0)


def test_a_start_behind_the_end_is_told_with_the_length() -> None:
    with pytest.raises(InputError, match=r"steady.mp4 is 4.0 s long, so nothing of it comes after 4 s"):
        cut("steady.mp4", 1, start=4)


def test_what_is_no_clip_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="video without pictures"):
        cut("sound.mp4", 1)
    with pytest.raises(InputError, match="does not exist"):
        next(stream_windows(tmp_path / "gone.mp4", CONFIG, 1, Watching()))


def test_cancelling_ends_the_reading_within_a_frame() -> None:
    cancelled = threading.Event()
    clips = stream_windows(CLIPS / "steady.mp4", CONFIG, 1, Watching(), cancelled=cancelled)
    next(clips)
    cancelled.set()
    with pytest.raises(Cancelled):
        next(clips)


def test_ten_minutes_hold_two_frames_and_the_tiles_of_two_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, tiles = Alive(), Alive()

    def watched_frames(*args: Any) -> Iterator[tuple[float, np.ndarray]]:
        for time, frame in stream_shown(*args):
            yield time, frames.keep(frame)

    monkeypatch.setattr(windows, "stream_shown", watched_frames)
    monkeypatch.setattr(windows, "cut_frame", lambda *args: tiles.keep(cut_frame(*args)))
    path = write_clip(tmp_path / "long.avi", count=1200, rate=2.0)
    ends = [clip.watching.end for clip in stream_windows(path, CONFIG, 5, Watching())]
    assert ends == [5.0 * number for number in range(1, 121)]
    assert frames.most <= 2
    assert tiles.most <= 2 * 5 + 2
