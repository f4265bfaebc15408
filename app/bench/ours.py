"""One run of Smolsight for the benchmark, and what it costs by count. Each is called in a process of its own."""

from dataclasses import asdict, replace
from time import perf_counter
from typing import TYPE_CHECKING

from app.bench.measured import QUESTION, Job, Measured, peak_rss

if TYPE_CHECKING:
    from mlx_model.loading.checkpoint import Checkpoint
    from mlx_model.measuring.counts import Counts
    from mlx_model.request import Request


def measure(job: Job) -> Measured:
    """Load the model, answer once, and tell how long each stage took. Raises SmolsightError."""
    begin = perf_counter()
    from mlx_model.answering.answer import stream_answer
    from mlx_model.events import Answered
    from mlx_model.loading.checkpoint import load

    checkpoint = replace(load(job.folder), stop_ids=frozenset())
    loading = perf_counter() - begin
    begin = perf_counter()
    request = _request(job, checkpoint)
    *_, last = stream_answer(checkpoint, request, reading=perf_counter() - begin)
    assert isinstance(last, Answered), "the last event is the answer"
    answer = last.answer
    stages = {name: seconds for name, seconds in asdict(answer.seconds).items() if seconds is not None}
    return Measured(
        prompt_tokens=answer.prompt_tokens,
        generated_tokens=answer.generated_tokens,
        seconds={"load": loading, **stages},
        tokens_per_second=answer.tokens_per_second,
        peak_memory_bytes=answer.peak_memory_bytes,
        peak_rss_bytes=peak_rss(),
    )


def count(job: Job) -> "Counts":
    """What the answer costs, whatever the machine. Reads the folder's headers, no weights. Raises SmolsightError."""
    from mlx_model.measuring import skeleton
    from mlx_model.media.images import plan
    from mlx_model.prompting.context import check_context
    from mlx_model.prompting.prompt import build_prompt, build_raw_prompt

    checkpoint = skeleton.open_hollow(job.folder)
    config, image_config, tokenizer = checkpoint.config, checkpoint.image_config, checkpoint.tokenizer
    request = _request(job, checkpoint)
    plans = []
    if image_config is not None:
        plans = [plan(*picture.image.size, job.detail, image_config) for picture in request.pictures]
    if request.raw:
        prompt = build_raw_prompt(QUESTION, plans, tokenizer, config)
    else:
        prompt = build_prompt(request.messages, plans, checkpoint.template, tokenizer, config)
    check_context(len(prompt.ids), config.text.max_position_embeddings)
    return skeleton.count(checkpoint.model, image_config, sum(plan.tiles for plan in plans), len(prompt.ids))


def _request(job: Job, checkpoint: "Checkpoint") -> "Request":
    """The question about the picture; in words alone to a model without eyes, and raw to one without a template."""
    from mlx_model.media.image_files import open_image
    from mlx_model.prompting.prompt import Message, Picture, Text
    from mlx_model.request import Request

    pictures = [Picture(open_image(job.picture), str(job.picture))] if checkpoint.image_config else []
    return Request(
        messages=(Message("user", (*pictures, Text(QUESTION))),),
        detail=job.detail,
        max_tokens=job.tokens,
        raw=checkpoint.template is None,
        repetition_guard=False,
    )
