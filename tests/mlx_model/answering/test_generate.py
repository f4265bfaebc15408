"""Generation is the repeated question "what comes next?", answered with a cache instead of from the start."""

import mlx.core as mx
import numpy as np
import pytest

from mlx_model.answering.generate import Token, prefill, stream_tokens
from mlx_model.answering.sampling import Sampler
from mlx_model.device import arithmetic
from mlx_model.language import LanguageModel
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.request import Sampling

PROMPT = np.random.default_rng(11).integers(0, 200, 23).tolist()


@pytest.fixture(params=["reading", "seeing"])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    checkpoint: Checkpoint = request.getfixturevalue(request.param)
    return checkpoint.model.language_model


def generate(model: LanguageModel, count: int, sampling: Sampling | None = None) -> list[Token]:
    cache = model.new_cache()
    *_, hidden = prefill(model, model.embed_tokens(mx.array([PROMPT])), cache)
    sampler = Sampler(sampling or Sampling())
    return list(stream_tokens(model, model.logits(hidden)[0, -1], cache, sampler, count))


def next_logits(model: LanguageModel, ids: list[int]) -> np.ndarray:
    """[vocabulary], from one pass over everything."""
    return np.asarray(model.logits(model(model.embed_tokens(mx.array([ids])), model.new_cache()))[0, -1])


def test_greedy_generation_is_the_arg_max_of_repeated_whole_passes(model: LanguageModel) -> None:
    ids = list(PROMPT)
    for token in generate(model, 30):
        logits = next_logits(model, ids)
        assert token.id == logits.argmax()
        assert token.logprob == pytest.approx(logits.max() - np.logaddexp.reduce(logits), abs=1e-4)
        ids.append(token.id)


def test_a_greedy_answer_is_more_than_one_token_over_and_over(seeing: Checkpoint) -> None:
    """Otherwise the test above would show little."""
    assert len({token.id for token in generate(seeing.model.language_model, 30)}) > 5


def test_the_penalty_counts_every_token_said_so_far(model: LanguageModel) -> None:
    penalty, said = 4.0, list[int]()
    for token in generate(model, 20, Sampling(repetition_penalty=penalty)):
        logits = next_logits(model, PROMPT + said)
        chosen = logits[said]
        logits[said] = np.where(chosen > 0, chosen / penalty, chosen * penalty)
        assert token.id == logits.argmax()
        said.append(token.id)
    assert len(set(said)) > 10


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_there_are_as_many_tokens_as_asked_for(model: LanguageModel, count: int) -> None:
    assert len(generate(model, count)) == count


def test_a_shorter_answer_is_the_beginning_of_a_longer_one(model: LanguageModel) -> None:
    sampling = Sampling(temperature=1.0, seed=5)
    assert generate(model, 5, sampling) == generate(model, 12, sampling)[:5]


def test_the_last_token_costs_no_pass_of_its_own(model: LanguageModel) -> None:
    cache = model.new_cache()
    *_, hidden = prefill(model, model.embed_tokens(mx.array([PROMPT])), cache)
    for count, _ in enumerate(stream_tokens(model, model.logits(hidden)[0, -1], cache, Sampler(Sampling()), 4), 1):
        started = count if arithmetic.ON_METAL else count - 1
        assert cache[0].offset == len(PROMPT) + min(started, 3)
