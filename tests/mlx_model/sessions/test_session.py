"""What a conversation has read is not read again, and its answers are those that no cache would give another."""

import threading
from pathlib import Path

import numpy as np
import pytest

import assets
import mlx_model
from mlx_model.answering import looking
from mlx_model.answering.features import FeatureCache
from mlx_model.events import Planned, Prefilled, TextDelta, TilesEncoded
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.image_files import open_image
from mlx_model.media.video import Clip, Watching, open_clip
from mlx_model.prompting.prompt import Message, Part, Picture, Text
from mlx_model.sessions.kept_sessions import Sessions
from mlx_model.sessions.session import Session, common_length, marks_of
from tests.clips import write_clip
from tests.mlx_model.asking import Spoken, count_calls, noise
from tests.mlx_model.talking import Talk, sessions


@pytest.fixture(scope="session")
def embedded() -> Checkpoint:
    return mlx_model.load(assets.path("embedded"))


@pytest.fixture
def kept(seeing: Checkpoint) -> Sessions:
    return sessions(seeing)


@pytest.fixture
def talk(seeing: Checkpoint, kept: Sessions) -> Talk:
    return Talk(seeing, kept)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return open_clip(write_clip(tmp_path / "clip.avi", count=30), watching=Watching(max_frames=3))


def samples() -> tuple[Picture, Picture]:
    one, other, *_ = (Picture(open_image(path)) for path in sorted(assets.path("samples").glob("*.png")))
    return one, other


def turns(one: Picture, other: Picture, clip: Clip) -> list[tuple[Part, ...]]:
    """Ten questions about two pictures and a clip."""
    return [
        (one, Text("What is this?")),
        (Text("Which colour has it?"),),
        (Text("Are you sure?"),),
        (other, Text("And this?")),
        (Text("What is different?"),),
        (clip, Text("What happens here?")),
        (Text("And then?"),),
        (Text("Which of the pictures is it like?"),),
        (Text("Why?"),),
        (Text("Thank you. Anything else?"),),
    ]


def test_ten_turns_say_what_a_conversation_without_any_cache_says(talk: Talk, clip: Clip, spoken: Spoken) -> None:
    for parts in turns(noise(seed=1), noise(seed=2), clip):
        said = talk.say(*parts).answer
        with_cache = spoken.ids
        question, answer = talk.messages[:-1], talk.messages[-1]
        talk.messages[:] = question
        fresh = talk.afresh().answer
        assert with_cache == spoken.ids
        assert (said.text, said.prompt_tokens, fresh.cached_tokens) == (fresh.text, fresh.prompt_tokens, 0)
        talk.messages.append(answer)


@pytest.mark.slow
def test_ten_turns_of_the_embedded_checkpoint_pay_for_their_own_words_alone(
    embedded: Checkpoint, clip: Clip, spoken: Spoken
) -> None:
    talk, before, with_answers = Talk(embedded, sessions(embedded), options={"max_tokens": 24}), (0, 0), 0
    for parts in turns(*samples(), clip):
        talk.messages.append(Message("user", parts))
        said = talk.answer().answer
        with_cache = spoken.ids
        assert talk.afresh().answer.text == said.text
        assert with_cache == spoken.ids
        assert said.cached_tokens >= before[0]
        with_answers += said.cached_tokens >= before[1]
        before = (said.prompt_tokens, said.prompt_tokens + said.generated_tokens)
        talk.messages.append(Message("assistant", (Text(said.text),)))
    # An answer that the tokenizer would have cut otherwise is read again.
    assert with_answers >= 8


def test_two_pictures_of_one_size_are_never_taken_for_each_other(
    talk: Talk, seeing: Checkpoint, kept: Sessions
) -> None:
    first, second = talk.say(noise(seed=1), Text("What?")).answer, Talk(seeing, kept, "other")
    other = second.say(noise(seed=2), Text("What?")).answer
    assert first.text != other.text
    assert other.text == Talk(seeing, sessions(seeing)).say(noise(seed=2), Text("What?")).answer.text
    assert other.cached_tokens < other.prompt_tokens - other.image_tokens


def test_the_same_picture_in_other_tiles_is_read_anew(talk: Talk) -> None:
    talk.say(noise(), Text("What?"))
    talk.options = talk.options | {"detail": 2}
    assert talk.answer().answer.text == talk.afresh().answer.text


def test_what_was_read_is_neither_decoded_nor_encoded_again(
    talk: Talk, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.say(noise(), clip, Text("What?"))
    clip.path.unlink()
    encoded, hashed = (count_calls(monkeypatch, looking, name) for name in ("stream_features", "stream_tiles"))
    heard = talk.say(Text("And then?"))
    assert (encoded, hashed, heard.of(TilesEncoded)) == ([], [], [])
    assert heard.answer.cached_tokens > heard.answer.image_tokens
    assert heard.answer.cached_tokens <= heard.of(Prefilled)[0].done


def test_an_edited_question_is_answered_as_if_it_had_always_been_so(talk: Talk) -> None:
    talk.say(noise(), Text("What is this?"))
    talk.say(Text("Which colour?"))
    talk.messages[2:] = [Message("user", (Text("Which size?"),))]
    edited = talk.answer().answer
    assert edited.text == talk.afresh().answer.text
    assert edited.cached_tokens > edited.image_tokens


def test_an_edited_first_question_keeps_the_picture_before_it(talk: Talk) -> None:
    talk.say(noise(), Text("What is this?"))
    talk.messages[:] = [Message("user", (noise(), Text("Where is this?")))]
    edited = talk.answer()
    assert edited.answer.text == talk.afresh().answer.text
    assert edited.of(TilesEncoded) == []


def test_regenerating_reads_one_token(talk: Talk) -> None:
    first = talk.say(noise(), Text("What is this?")).answer
    talk.messages.pop()
    again = talk.answer().answer
    assert (again.text, again.cached_tokens) == (first.text, first.prompt_tokens - 1)


def test_a_branch_shares_its_beginning_and_leaves_the_other_alone(
    talk: Talk, seeing: Checkpoint, kept: Sessions
) -> None:
    talk.say(noise(), Text("What is this?"))
    branch = Talk(seeing, kept, "branch", list(talk.messages))
    asked = [branch.say(Text("Which colour?")), talk.say(Text("Which size?"))]
    asked += [branch.say(Text("Why?")), talk.say(Text("Why?"))]
    assert all(heard.answer.cached_tokens > heard.answer.image_tokens for heard in asked)
    for one in (branch, talk):
        last = one.messages.pop()
        assert one.afresh().answer.text == last.parts[0].text  # type: ignore[union-attr]


def test_a_drawn_answer_is_the_same_with_and_without_a_cache(talk: Talk) -> None:
    from mlx_model.request import Sampling

    talk.options |= {"sampling": Sampling(temperature=1.0, seed=3)}
    talk.say(noise(), Text("What?"))
    talk.messages.append(Message("user", (Text("And?"),)))
    assert talk.answer().answer.text == talk.afresh().answer.text


def test_without_a_name_nothing_is_kept_or_looked_up(talk: Talk, kept: Sessions) -> None:
    talk.say(noise(), Text("What?"))
    held = kept.nbytes
    talk.name = None  # type: ignore[assignment]
    assert talk.say(Text("And?")).answer.cached_tokens == 0
    assert kept.nbytes == held


def test_words_alone_are_a_conversation_too(reading: Checkpoint) -> None:
    talk = Talk(reading, sessions(reading))
    talk.say(Text("What is a harbour?"))
    second = talk.say(Text("And a boat?")).answer
    talk.messages.pop()
    assert second.text == talk.afresh().answer.text
    assert 0 < second.cached_tokens < second.prompt_tokens


def test_a_raw_conversation_goes_on_where_it_ended(talk: Talk) -> None:
    talk.options |= {"raw": True}
    talk.say(Text("Once upon"))
    second = talk.say(Text(" a harbour")).answer
    talk.messages.pop()
    assert second.text == talk.afresh().answer.text
    assert second.cached_tokens > 0


def cancel_at(talk: Talk, events: int) -> int:
    """Stop an answer after so many events; how many there were."""
    cancelled, seen = threading.Event(), 0
    from mlx_model.answering.answer import stream_answer

    for event in stream_answer(talk.checkpoint, talk.request, cancelled, kept=talk.kept, conversation=talk.name):
        seen += isinstance(event, Planned | TilesEncoded | Prefilled | TextDelta)
        if seen >= events:
            cancelled.set()
    return seen


def check_cancelling(talk: Talk, times: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancel at a random moment, again and again, in one conversation: each next answer is right."""
    monkeypatch.setattr("mlx_model.answering.generate.PREFILL_STEP", 7)
    rng = np.random.default_rng(seed)
    questions = [(noise(seed=1), Text("What?")), (Text("And?"),), (noise(seed=2), Text("And this?")), (Text("Why?"),)]
    fresh: dict[int, str] = {}
    for _ in range(times):
        place = int(rng.integers(len(questions)))
        talk.messages = [Message("user", parts) for parts in questions[: place + 1]]
        cancel_at(talk, int(rng.integers(1, 30)))
        if place not in fresh:
            fresh[place] = talk.afresh().answer.text
        assert talk.answer().answer.text == fresh[place]


def test_cancelled_at_random_moments_the_next_answer_is_right(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    check_cancelling(talk, 30, 0, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_cancelled_at_200_random_moments_the_next_answer_is_right(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    check_cancelling(talk, 200, 1, monkeypatch)


def test_stopped_within_a_picture_the_rest_of_it_is_read_later(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlx_model.answering.generate.PREFILL_STEP", 20)
    talk.options |= {"detail": 2}
    talk.messages = [Message("user", (noise(seed=1), noise(seed=2), Text("What?")))]
    places = []
    for prefill_steps in range(1, 8):
        talk.kept.forget(talk.name)
        tiles = 6
        cancel_at(talk, 1 + tiles + 2 + prefill_steps)
        answer = talk.answer().answer
        places.append(answer.cached_tokens)
        assert answer.text == talk.afresh().answer.text
    assert len(set(places)) > 4


def test_a_failure_that_nobody_foresaw_keeps_nothing_of_its_conversation(
    talk: Talk, kept: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.say(noise(), Text("What?"))
    with monkeypatch.context() as broken:
        broken.setattr("mlx_model.answering.answer.Sampler", lambda sampling: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            talk.say(Text("And?"))
    assert kept.get("talk") is None
    assert talk.answer().answer.text == talk.afresh().answer.text


def test_a_clip_that_changed_is_refused_and_the_conversation_goes_on(talk: Talk, clip: Clip) -> None:
    talk.say(noise(), Text("What?"))
    write_clip(clip.path, count=31)
    with pytest.raises(mlx_model.errors.InputError, match="has changed since it was opened"):
        talk.say(clip, Text("And?"))
    talk.messages.pop()
    assert talk.say(Text("And?")).answer.cached_tokens > 0


def test_a_clip_that_was_opened_anew_is_another(talk: Talk, clip: Clip) -> None:
    talk.say(clip, Text("What?"))
    other = open_clip(write_clip(clip.path, count=40, size=(48, 64)), watching=clip.watching)
    talk.messages = [Message("user", (other, Text("What?")))]
    second = talk.answer()
    assert second.answer.text == talk.afresh().answer.text
    assert second.of(TilesEncoded)[-1].done == second.answer.plans[0].tiles


def window(*seeds: int) -> Clip:
    """A window of a clip, as `windows.py` makes it: a frame of noise for each seed."""
    tiles = tuple(np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in seeds)
    times = tuple(map(float, range(len(seeds))))
    return Clip(Path("clip.mp4"), "clip.mp4", times, 1.0, Watching(0.0, end=float(len(seeds))), tiles=tiles)


def test_two_windows_share_the_frames_that_both_begin_with(talk: Talk) -> None:
    talk.say(window(1, 2, 3), Text("What?"))
    cached = []
    for seeds in ((1, 2, 4), (1, 5, 3), (6, 2, 3), (6, 2, 3)):
        talk.messages = [Message("user", (window(*seeds), Text("What?")))]
        said = talk.answer().answer
        assert said.text == talk.afresh().answer.text
        cached.append(said.cached_tokens)
    per_frame = talk.checkpoint.config.tokens_per_tile
    assert cached[0] > cached[1] + per_frame > cached[2] + 2 * per_frame
    assert cached[3] == said.prompt_tokens - 1


def test_marks_tell_pictures_apart_and_ids_from_each_other() -> None:
    ids, image = [5, 9, 9, 6, 9, 9, 7], 9
    one, other = marks_of(ids, image, [("a", 2), ("b", 2)]), marks_of(ids, image, [("a", 2), ("c", 2)])
    assert one == [5, "a", "a", 6, "b", "b", 7]
    assert (common_length(one, other), common_length(one, one), common_length(one, [])) == (4, 7, 0)


def test_features_that_were_seen_serve_another_conversation(seeing: Checkpoint, kept: Sessions) -> None:
    seen, one, other = FeatureCache(10**6), Talk(seeing, kept, "one"), Talk(seeing, sessions(seeing), "other")
    one.messages = other.messages = [Message("user", (noise(seed=4), Text("What?")))]
    first, second = one.answer(seen=seen), other.answer(seen=seen)
    assert first.answer.text == second.answer.text
    assert second.answer.seconds.vision == 0.0


def test_a_session_forgets_what_was_expected_and_did_not_come(seeing: Checkpoint) -> None:
    session = Session(seeing.model.language_model.new_cache())
    session.expect([1, 2, 3])
    assert (session.marks, session.length, session.nbytes) == ([], 0, 0)
    session.expect([4])
    assert session.marks == []
