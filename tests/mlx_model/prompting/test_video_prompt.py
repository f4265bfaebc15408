"""What the model reads of a clip. Ids equal to the reference's are held by tests/parity/test_video.py."""

import pytest

from mlx_model.prompting.video_prompt import clip_tags, in_words, render_with_clips


def test_each_frame_stands_behind_its_time() -> None:
    assert clip_tags([0.0, 1.999, 61.2], 75.9, "#") == (
        "You are provided the following series of three frames from a 0:01:15 [H:MM:SS] video.\n"
        "\nFrame from 00:00:#\nFrame from 00:01:#\nFrame from 01:01:#\n\n"
    )


def test_minutes_go_on_where_an_hour_is_over() -> None:
    tags = clip_tags([3725.5], 7384.0, "#")
    assert "from a 2:03:04 [H:MM:SS] video" in tags
    assert "Frame from 62:05:#" in tags


def test_the_role_before_a_clip_is_followed_by_a_space_and_before_a_picture_it_is_not() -> None:
    rendered = render_with_clips(
        [
            {"role": "system", "content": [{"type": "text", "text": "Be terse."}]},
            {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": "What?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "A dog."}]},
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "And here?"}]},
        ]
    )
    assert rendered == (
        "<|im_start|>System: Be terse.<end_of_utterance>\nUser: <image>What?<end_of_utterance>\n"
        "Assistant: A dog.<end_of_utterance>\nUser:<image>And here?<end_of_utterance>\nAssistant:"
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "one"),
        (13, "thirteen"),
        (20, "twenty"),
        (64, "sixty-four"),
        (100, "one hundred"),
        (105, "one hundred and five"),
        (999, "nine hundred and ninety-nine"),
        (1001, "one thousand and one"),
        (2345, "two thousand, three hundred and forty-five"),
    ],
)
def test_numbers_are_written_in_words(number: int, words: str) -> None:
    assert in_words(number) == words
