"""`smolsight describe` and clips: what is asked, of which part, and what is said of it."""

from pathlib import Path

import pytest

from mlx_model.media.video import Clip, Watching
from mlx_model.prompting.prompt import Picture, Text
from tests.app.cli.conftest import Run, objects
from tests.app.cli.scripted_model import ScriptedModel
from tests.app.cli.test_describe_json import FIELDS
from tests.clips import CLIPS

CLIP = CLIPS / "steady.mp4"


def parts(model: ScriptedModel) -> list[Picture | Clip | Text]:
    """What the only request holds."""
    (request,) = model.requests
    return list(request.parts)


def test_a_clip_is_described_in_a_clips_words(run: Run, model: ScriptedModel) -> None:
    result = run("describe", CLIP)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "A red boat.\n", "")
    clip, words = parts(model)
    assert isinstance(clip, Clip) and isinstance(words, Text)
    assert (clip.path, clip.watching) == (CLIP, Watching())
    assert words.text == "Describe this video."


def test_the_users_own_words_stay(run: Run, model: ScriptedModel) -> None:
    run("describe", CLIP, "-q", "Who is in this image?")
    assert parts(model)[-1] == Text("Who is in this image?")


def test_what_of_a_clip_is_seen_is_the_users_choice(run: Run, model: ScriptedModel) -> None:
    run("describe", CLIP, "--fps", "0.5", "--max-frames", "7", "--start", "0:01", "--end", "0:00:02.5")
    (clip, _) = parts(model)
    assert isinstance(clip, Clip)
    assert clip.watching == Watching(fps=0.5, max_frames=7, start=1.0, end=2.5)


@pytest.mark.parametrize(
    ("written", "seconds"), [("0", 0), ("2.5", 2.5), ("0:03", 3), ("00:00:01.25", 1.25), ("0:0:2", 2)]
)
def test_times_are_written_as_people_do(run: Run, model: ScriptedModel, written: str, seconds: float) -> None:
    run("describe", CLIP, "--start", written)
    (clip, _) = parts(model)
    assert isinstance(clip, Clip) and clip.watching.start == seconds


def test_json_of_a_clip_has_its_span(run: Run, model: ScriptedModel) -> None:
    (record,) = objects(run("describe", "--json", CLIP).stdout)
    names = list(FIELDS)
    names.insert(names.index("generated_tokens") + 1, "span")
    assert list(record) == names
    assert (record["kind"], record["span"], record["grid"], record["tiles"]) == (
        "clip",
        {"start": 0.5, "end": 3.75},
        None,
        2,
    )
    assert record["question"] == "Describe this video."


def test_pictures_and_clips_mix_and_clip_options_are_the_clips_alone(
    run: Run, model: ScriptedModel, picture: Path
) -> None:
    records = objects(run("describe", "--json", picture, CLIP, "--fps", "2").stdout)
    assert [(record["kind"], "span" in record, record["question"]) for record in records] == [
        ("image", False, "Describe this image."),
        ("clip", True, "Describe this video."),
    ]


def test_together_takes_clips_and_pictures_in_their_order(run: Run, model: ScriptedModel, picture: Path) -> None:
    (record,) = objects(run("describe", "--together", "--json", CLIP, picture, "-q", "Same?").stdout)
    assert [type(part) for part in parts(model)] == [Clip, Picture, Text]
    assert (record["kind"], record["grid"], record["tiles"]) == ("mixed", [None, [1, 2]], 5)
    assert record["span"] == [{"start": 0.5, "end": 3.75}, None]
    (record,) = objects(run("describe", "--together", "--json", CLIP, CLIP, "-q", "Same?").stdout)
    assert record["kind"] == "clips"


def test_clip_options_without_a_clip_are_wrong_usage(run: Run, model: ScriptedModel, picture: Path) -> None:
    for option in (["--fps", "2"], ["--max-frames", "3"], ["--start", "1"], ["--end", "1"]):
        result = run("describe", picture, *option)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{option[0]} is for clips, and no input is one." in result.stderr
    assert model.loads == 0


def test_the_content_decides_what_is_a_clip(run: Run, model: ScriptedModel, picture: Path, tmp_path: Path) -> None:
    clip, still = tmp_path / "clip.png", tmp_path / "still.mp4"
    clip.write_bytes(CLIP.read_bytes())
    still.write_bytes(picture.read_bytes())
    records = objects(run("describe", "--json", clip, still).stdout)
    assert [record["kind"] for record in records] == ["clip", "image"]


def test_an_animated_gif_stays_a_picture(run: Run, model: ScriptedModel, tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    (record,) = objects(run("describe", "--json", tmp_path / "a.gif").stdout)
    assert record["kind"] == "image"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sound.mp4"], "is a video without pictures"),
        (["steady.mp4", "--start", "9"], "is 4.0 s long, so nothing of it comes after 9 s"),
    ],
)
def test_a_clip_that_cannot_be_seen_is_a_bad_input(
    run: Run, model: ScriptedModel, arguments: list[str], sentence: str
) -> None:
    name, *options = arguments
    result = run("describe", "--json", CLIPS / name, *options)
    (failure,) = objects(result.stdout)
    assert (result.exit_code, failure["error_type"]) == (3, "InputError")
    assert sentence in failure["error"]
    assert model.loads == 0


def test_a_clip_on_standard_input_is_to_be_named_as_a_file(run: Run, model: ScriptedModel) -> None:
    result = run("describe", "-", stdin=CLIP.read_bytes())
    assert result.exit_code == 3
    assert "name the video's own file" in result.stderr
