"""One run of mlx-vlm for the benchmark, and what its tokens launch. Each is called in a process of its own.

The only module that imports mlx-vlm, an extra: `is_installed` looks for it without doing so. Importing `mlx_model`
first gives it the BLAS library that Smolsight gives itself.
"""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Any

from app.bench.measured import QUESTION, Job, Measured, peak_rss

if TYPE_CHECKING:
    from mlx_model.measuring.launches import Launches

NAME = "mlx-vlm"
INSTALL = "pip install 'smolsight[peer]'"


def is_installed() -> bool:
    return find_spec("mlx_vlm") is not None


def name_and_version() -> str:
    try:
        return f"{NAME} {version(NAME)}"
    except PackageNotFoundError:
        return NAME


def measure(job: Job) -> Measured:
    """Load the model, answer once at the only detail that it has, and tell how long that took."""
    begin = perf_counter()
    model, processor, prompt = _loaded(job)
    import mlx.core as mx
    from mlx_vlm import stream_generate

    loading = perf_counter() - begin
    mx.reset_peak_memory()
    begin = perf_counter()
    times, prompt_tokens = [], 0
    for result in stream_generate(
        model, processor, prompt, image=str(job.picture), max_tokens=job.tokens, temperature=0.0
    ):
        times.append(perf_counter())
        prompt_tokens = result.prompt_tokens
    # What it hands out after the last token is the end of the text, a moment later.
    times = times[: job.tokens]
    decoding = times[-1] - times[0]
    return Measured(
        prompt_tokens=prompt_tokens,
        generated_tokens=len(times),
        seconds={"load": loading, "first_token": times[0] - begin, "decode": decoding},
        tokens_per_second=(len(times) - 1) / decoding if decoding else None,
        peak_memory_bytes=mx.get_peak_memory(),
        peak_rss_bytes=peak_rss(),
    )


def launches_per_token(job: Job) -> "Launches":
    """What one more token launches, by the same count as ours."""
    from mlx_model.measuring.launches import recorded

    model, processor, _ = _loaded(job)
    from mlx_vlm import stream_generate

    def say(tokens: int) -> None:
        for _ in stream_generate(model, processor, "Hello", max_tokens=tokens, temperature=0.0):
            pass

    return recorded(lambda: say(4)) - recorded(lambda: say(3))


def _loaded(job: Job) -> tuple[Any, Any, str]:
    import mlx_model  # noqa: F401  # isort: skip
    from mlx_vlm import load
    from mlx_vlm.prompt_utils import apply_chat_template

    model, processor = load(str(job.folder), trust_remote_code=False)
    # Whatever the model says, it goes on to the last token, as ours does.
    processor.tokenizer.stopping_criteria = lambda token: False
    return model, processor, apply_chat_template(processor, model.config, QUESTION, num_images=1)
