"""Parts of a clip stay within it, and an answer's times are found where they are times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asking.clip_times import Span, short_time, ticks, times_in

SECONDS = st.floats(-10, 100, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("A dog comes in at 00:12 and leaves at 1:02:03.", [12.0, 3723.0]),
        ("at 3 s, after 4.5 seconds, around 20 sec", [3.0, 4.5, 20.0]),
        ("between 2 and 7 seconds", [7.0]),
        ("It lasts for 5 seconds and has 12 s of sound.", []),
        ("The score is 3:2, the file 1:2:3:4, the ratio 16:90.", []),
        ("At 00:12.5", [12.5]),
    ],
)
def test_times_are_told_from_other_numbers(text: str, seconds: list[float]) -> None:
    assert [mention.seconds for mention in times_in(text, 4000)] == seconds


def test_a_time_beyond_the_clip_is_none_of_it() -> None:
    assert [mention.seconds for mention in times_in("at 12:30 and at 0:07", 60)] == [7.0]


def test_a_mention_says_where_its_words_stand() -> None:
    text = "It falls at 3 s."
    (mention,) = times_in(text, 10)
    assert text[mention.start : mention.end] == "at 3 s"


@given(SECONDS, SECONDS, st.floats(0.01, 90))
def test_a_part_is_never_empty_and_never_beyond_the_clip(start: float, end: float, duration: float) -> None:
    for span in (
        Span(0.0, duration, duration).starting(start).ending(end),
        Span(0.0, duration, duration).ending(end).starting(start),
    ):
        assert 0 <= span.start < span.end <= duration


def test_the_whole_is_said_by_its_length_and_a_part_by_its_ends() -> None:
    whole = Span(0.0, 60.0, 60.0)
    assert (whole.words, whole.is_whole) == ("1:00", True)
    part = whole.starting(5).ending(10.55)
    assert (part.words, part.is_whole) == ("0:05 – 0:10.6 of 1:00", False)


@pytest.mark.parametrize("duration", [0.3, 5.0, 59.9, 600.0, 7200.0])
def test_a_timeline_has_round_times_and_no_more_than_fit(duration: float) -> None:
    times = ticks(duration, 8)
    assert 2 <= len(times) <= 8
    assert times[0] == 0 and times[-1] <= duration
    assert len({short_time(time) for time in times}) == len(times)
