"""Clips as people have them: which frames are seen, when they are shown, what their pixels are."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mlx_model.answering.features import in_batches
from mlx_model.config import ImageConfig
from mlx_model.errors import Cancelled, InputError
from mlx_model.media import video, video_decoder
from mlx_model.media.read_ahead import read_ahead
from mlx_model.media.video import Watching, choose_frames, open_clip, plan_frames, stream_tiles
from mlx_model.media.video_decoder import stream_frames
from tests.clips import CLIPS, Alive, write_clip

CONFIG = ImageConfig(64, 256, (0.5,) * 3, (0.5,) * 3, video_edge=64)
STEADY = sorted(path.name for path in CLIPS.glob("steady.*"))


def numbers(name: str, indices: list[int]) -> list[int]:
    """Which frame of the original each decoded one is: frame N has the luma 16 + 3 N."""
    times = open_clip(CLIPS / name).times
    frames = stream_frames(CLIPS / name, name, [times[index] for index in indices])
    return [round(float(frame.mean()) * 219 / 255 / 3) for frame in frames]


def test_every_container_is_here() -> None:
    assert [Path(name).suffix for name in STEADY] == [".avi", ".mkv", ".mov", ".mp4", ".ts", ".webm"]


@pytest.mark.parametrize("name", [*STEADY, "late.mp4"])
def test_a_steady_clip_has_its_frames_times_and_length_in_every_container(name: str) -> None:
    clip = open_clip(CLIPS / name)
    assert (len(clip.times), clip.rate, clip.duration) == (60, 15.0, 4.0)
    assert clip.times == pytest.approx([index / 15 for index in range(60)], abs=6e-4)  # Matroska counts milliseconds
    plan = plan_frames(clip, CONFIG)
    assert plan.indices == (0, 19, 39, 59)
    assert numbers(name, list(plan.indices)) == [0, 19, 39, 59]


def test_times_of_a_variable_clip_are_those_at_which_its_frames_are_shown() -> None:
    clip = open_clip(CLIPS / "variable.mp4")
    kept = [n for n in range(60) if n < 15 or n % 7 == 0]
    assert len(clip.times) == len(kept)
    assert clip.times == pytest.approx([n / 15 for n in kept], abs=1e-5)
    assert numbers("variable.mp4", list(range(len(kept)))) == kept
    assert clip.duration == pytest.approx(kept[-1] / 15 + 1 / 15, abs=1e-5)


def test_a_clip_filmed_upright_is_seen_upright() -> None:
    (frame,) = stream_frames(CLIPS / "rotated.mp4", "", [0])
    assert frame.shape == (64, 48, 3)
    left, right = frame[:, :20].mean((0, 1)), frame[:, -20:].mean((0, 1))
    assert (left.argmax(), right.argmax()) == (0, 2), "the red top lies at the left, where ffplay shows it"


def test_a_trimmed_clip_begins_where_it_was_trimmed_whatever_its_header_counts() -> None:
    clip = open_clip(CLIPS / "trimmed.mp4")
    assert (clip.times[0], len(clip.times), clip.duration) == (0.0, 39, pytest.approx(2.6))
    assert numbers("trimmed.mp4", [0, 38]) == [21, 59]


def test_a_clip_that_was_cut_off_is_as_long_as_what_is_left() -> None:
    clip = open_clip(CLIPS / "cut-off.mp4")
    assert 1 < len(clip.times) < 60
    assert clip.duration == pytest.approx(len(clip.times) / 15)
    assert len(list(stream_tiles(clip, plan_frames(clip, CONFIG), CONFIG))) >= 1


@pytest.mark.parametrize("missing", [0.0, float("nan"), 90_000.0])
def test_a_clip_without_a_sane_rate_goes_by_its_times(monkeypatch: pytest.MonkeyPatch, missing: float) -> None:
    monkeypatch.setattr(video, "read_times", lambda *_: ([0.0, 0.1, 0.2, 0.3], video_decoder._sane_rate(missing)))
    assert open_clip(Path("x")).duration == pytest.approx(0.4)


@pytest.mark.parametrize("name", sorted(path.name for path in CLIPS.iterdir() if path.name != "sound.mp4"))
def test_a_quick_look_finds_the_frames_that_decoding_all_of_them_finds(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    quick = open_clip(CLIPS / name)
    monkeypatch.setattr(video_decoder, "_packet_times", lambda *_: [])
    assert open_clip(CLIPS / name) == quick


def test_a_sound_clip_is_not_decoded_to_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, decoded = write_clip(tmp_path / "long.avi", count=1000), []
    stream_times = video_decoder._stream_times

    def counted(*args: Any) -> Iterator[float]:
        for time in stream_times(*args):
            decoded.append(time)
            yield time

    monkeypatch.setattr(video_decoder, "_stream_times", counted)
    assert len(open_clip(path).times) == 1000
    assert len(decoded) == video_decoder._CHECKED
    monkeypatch.setattr(video_decoder, "_agree", lambda *_: False)
    assert len(open_clip(path).times) == 1000
    assert len(decoded) == 1000 + 2 * video_decoder._CHECKED, "whose own times are not believed is"


def test_a_clip_of_one_frame_is_a_clip(tmp_path: Path) -> None:
    clip = open_clip(write_clip(tmp_path / "one.avi", count=1))
    assert plan_frames(clip, CONFIG).indices == (0,)


def test_frames_are_scaled_and_squared_to_one_tile_as_a_picture_at_low_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "wide.avi", count=2, size=(200, 90))
    clip = open_clip(path)
    (tile,) = stream_tiles(clip, plan_frames(clip, CONFIG), CONFIG)
    (frame,) = stream_frames(path, "", [0])
    fitted = Image.fromarray(frame).resize((64, 28), Image.Resampling.LANCZOS)
    assert np.array_equal(tile, np.asarray(fitted.resize((64, 64), Image.Resampling.LANCZOS)))


def test_a_checkpoint_without_video_settings_takes_one_tile() -> None:
    clip = open_clip(CLIPS / "steady.mp4")
    without = ImageConfig(64, 256, (0.5,) * 3, (0.5,) * 3)
    plan = plan_frames(clip, without)
    assert len(plan.indices) == 4
    tiles = list(stream_tiles(clip, plan, without))
    assert all(map(np.array_equal, tiles, stream_tiles(clip, plan, CONFIG)))


@pytest.mark.parametrize(
    ("watching", "indices"),
    [
        (Watching(fps=2), (0, 8, 16, 25, 33, 42, 50, 59)),
        (Watching(max_frames=3), (0, 29, 59)),
        (Watching(fps=0.01), (15,)),  # the reference leaves out a second at each end of what it hardly looks at
        (Watching(start=2), (30, 59)),
        (Watching(start=1, end=2), (15,)),
        (Watching(start=1, end=3), (15, 44)),
        (Watching(start=1.01, end=1.02), (15,)),
        (Watching(start=3.99), (59,)),
        (Watching(end=100), (0, 19, 39, 59)),
        (Watching(fps=1000, max_frames=1000), tuple(range(60))),
    ],
)
def test_what_is_asked_for_is_seen(watching: Watching, indices: tuple[int, ...]) -> None:
    clip = open_clip(CLIPS / "steady.mp4", watching=watching)
    plan = plan_frames(clip, CONFIG)
    assert plan.indices == indices
    assert plan.seconds == tuple(clip.times[index] for index in indices)
    assert plan.duration == 4.0
    assert (plan.start, plan.end) == (watching.start, min(watching.end or 4.0, 4.0))


def test_a_span_between_two_frames_shows_the_one_on_the_screen() -> None:
    clip = open_clip(CLIPS / "variable.mp4", watching=Watching(start=3.0, end=3.1))
    plan = plan_frames(clip, CONFIG)
    assert plan.seconds == pytest.approx((42 / 15,), abs=1e-5)


def test_a_start_behind_the_end_is_told_with_the_length() -> None:
    with pytest.raises(InputError, match=r"steady.mp4 is 4.0 s long, so nothing of it comes after 4 s"):
        open_clip(CLIPS / "steady.mp4", watching=Watching(start=4))


def test_no_more_frames_than_the_checkpoint_takes() -> None:
    chosen = choose_frames(9000, 30.0, 300.0, 1.0, 64)
    assert len(chosen) == 64
    assert (chosen[0], chosen[-1]) == (30, 8970), "a second is left out at each end of a long clip"


def test_cancelling_ends_the_reading() -> None:
    clip, cancelled = open_clip(CLIPS / "steady.mp4"), threading.Event()
    tiles = stream_tiles(clip, plan_frames(clip, CONFIG), CONFIG, cancelled)
    next(tiles)
    cancelled.set()
    with pytest.raises(Cancelled):
        next(tiles)


def test_cancelling_ends_the_probe() -> None:
    class SetAfter(threading.Event):
        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked == 5

    cancelled = SetAfter()
    with pytest.raises(Cancelled):
        open_clip(CLIPS / "steady.mp4", cancelled=cancelled)
    assert cancelled.asked == 5, "looked at once a frame"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.mp4", b"", "is empty"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:4,\nclip.ts\n", "no clip: it is a text file"),
        ("concat.mp4", b"ffconcat version 1.0\nfile 'clip.mp4'\n", "no clip: it is a text file"),
        ("page.mp4", b"<!DOCTYPE html><html></html>", "web page"),
        ("picture.mp4", b"\x89PNG\r\n\x1a\n", "no clip"),
        ("zeros.mp4", bytes(5000), "no clip"),
        ("noise.mp4", b"\0\0\0\x20ftypisom" + bytes(range(256)) * 20, "is a video without pictures"),
        ("noise.webm", b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 20, "is a video without pictures"),
        ("sound.mp4", (CLIPS / "sound.mp4").read_bytes(), "is a video without pictures that can be decoded: sound"),
        ("no-index.mp4", (CLIPS / "steady.mp4").read_bytes()[:600], "is a video without pictures"),
    ],
)
def test_what_is_no_clip_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        open_clip(path)
    assert str(path) in str(caught.value)
    assert capfd.readouterr() == ("", ""), "FFmpeg's own remarks are held back"


def test_a_pipe_a_folder_and_nothing_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path, sentence in ((tmp_path / "pipe.mp4", "pipe"), (tmp_path, "folder"), (tmp_path / "gone.mp4", "not exist")):
        with pytest.raises(InputError, match=sentence):
            open_clip(path)


@pytest.mark.parametrize("name", ["concat:a|b", "img_%03d.mp4", "http:clip", os.fsdecode(b"\xff\xfe.mp4"), "clip"])
def test_a_name_is_never_more_than_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes((CLIPS / "steady.mp4").read_bytes())
    assert len(open_clip(Path(name)).times) == 60


def test_frames_too_large_to_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_decoder, "MAX_FRAME_PIXELS", 1000)
    with pytest.raises(InputError, match="64 x 48 pixels"):
        open_clip(CLIPS / "steady.mp4")


def test_time_stamps_beyond_reason_are_called_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_decoder, "MAX_SECONDS", 3)
    with pytest.raises(InputError, match="damaged time stamps: it would last more than 3 s"):
        open_clip(CLIPS / "steady.mp4")


def test_a_file_that_shrinks_between_the_readings_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"ended before 6.60 s; it changed"):
        list(stream_frames(CLIPS / "steady.mp4", "steady.mp4", [0, 6.6]))


def test_opencv_leaves_qt_alone() -> None:
    open_clip(CLIPS / "steady.mp4")
    assert "cv2" not in os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH", "")
    assert os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] == "protocol_whitelist;file"


@pytest.mark.slow
def test_five_minutes_of_full_hd_are_read_ahead_with_few_frames_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "long.avi", count=300, rate=1.0, size=(1920, 1080))
    clip, alive = open_clip(path, watching=Watching(max_frames=300)), Alive()

    def watched(*args: Any) -> Iterator[np.ndarray]:
        return alive.watch(stream_frames(*args))

    monkeypatch.setattr(video, "stream_frames", watched)
    batches = list(read_ahead(in_batches(stream_tiles(clip, plan_frames(clip, CONFIG), CONFIG))))
    assert (clip.duration, sum(map(len, batches))) == (300.0, 300)
    assert alive.most <= 2
