"""A second question about the same picture: what it waits for, in Smolsight and in mlx-vlm's chat, in turn.

    python -m tools.bench.conversation
    python -m tools.bench.conversation --model FOLDER --detail high --runs 5

Without a folder it makes one with seeded random weights at the real 256M shape. mlx-vlm is asked as its own chat module
asks: the whole history, its vision cache and its prompt cache. Each conversation has a process of its own. Needs the
extra `peer`, and some 4 GB of memory.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from app.bench.measured import Job
from app.own_process import in_own_process
from mlx_model.media.images import Detail
from tests.checkpoints import write_checkpoint

QUESTIONS = ("Describe this image.", "What colour is it?")
DETAILS: tuple[Detail, ...] = ("high", "auto")


def ours(job: Job) -> list[float]:
    """Seconds to the first token of each question."""
    from mlx_model import load
    from mlx_model.answering.answer import stream_answer
    from mlx_model.answering.features import FeatureCache
    from mlx_model.events import Answered
    from mlx_model.media.image_files import open_image
    from mlx_model.prompting.prompt import Message, Picture, Text
    from mlx_model.request import Request
    from mlx_model.sessions.kept_sessions import Sessions

    checkpoint = replace(load(job.folder), stop_ids=frozenset())
    kept, seen = Sessions(checkpoint.model.language_model.new_cache, 2**30), FeatureCache(2**28)
    begin = perf_counter()
    picture = Picture(open_image(job.picture))
    reading, times = perf_counter() - begin, list[float]()
    messages: list[Message] = []
    for question in QUESTIONS:
        messages.append(Message("user", (Text(question),) if messages else (picture, Text(question))))
        request = Request(tuple(messages), job.detail, job.tokens, repetition_guard=False)
        *_, last = stream_answer(checkpoint, request, reading=reading, seen=seen, kept=kept, conversation="bench")
        assert isinstance(last, Answered) and last.answer.seconds.first_token is not None, "nothing stops it"
        times.append(last.answer.seconds.first_token)
        messages.append(Message("assistant", (Text(last.answer.text),)))
        reading = 0.0
    return times


def theirs(job: Job) -> list[float]:
    """The same in mlx-vlm, as its `chat.py` does it."""
    import mlx_model  # noqa: F401  # isort: skip
    from mlx_vlm import load
    from mlx_vlm.generate import PromptCacheState, stream_generate
    from mlx_vlm.prompt_utils import apply_chat_template
    from mlx_vlm.vision_cache import VisionFeatureCache

    model, processor = load(str(job.folder), trust_remote_code=False)
    processor.tokenizer.stopping_criteria = lambda token: False
    caches = {"vision_cache": VisionFeatureCache(), "prompt_cache_state": PromptCacheState()}
    history: list[dict[str, object]] = []
    times: list[float] = []
    for question in QUESTIONS:
        history.append({"role": "user", "content": [{"type": "text", "text": question}]})
        begin, text, first = perf_counter(), "", 0.0
        prompt = apply_chat_template(processor, model.config, history, num_images=1)
        for chunk in stream_generate(
            model, processor, prompt, image=[str(job.picture)], max_tokens=job.tokens, temperature=0.0, **caches
        ):
            first = first or perf_counter() - begin
            text += chunk.text
        times.append(first)
        history.append({"role": "assistant", "content": [{"type": "text", "text": text}]})
    return times


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.conversation", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--model", type=Path, help="a checkpoint folder to use instead")
    parser.add_argument("--runs", type=int, default=3, help="how often each side runs, in turn (default 3)")
    parser.add_argument("--tokens", type=int, default=16, help="tokens of each answer (default 16)")
    parser.add_argument("--detail", choices=("low", *DETAILS), action="append", help="may be repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smolsight-bench-") as scratch:
        folder = options.model or write_checkpoint(Path(scratch) / "256m", "256m", real_size=True)
        picture = Path(scratch) / "noise.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)).save(picture)
        jobs = [Job(folder, picture, detail, options.tokens) for detail in options.detail or DETAILS]
        print(_table(jobs, options.runs), end="")


def _table(jobs: list[Job], runs: int) -> str:
    sides: list[tuple[str, Callable[[Job], list[float]], Job]] = [
        (f"Smolsight, `{job.detail}`", ours, job) for job in jobs
    ]
    sides.append(("mlx-vlm's chat", theirs, jobs[0]))
    found: list[list[list[float]]] = [[] for _ in sides]
    for _ in range(runs):
        for times, (name, measure, job) in zip(found, sides, strict=True):
            times.append(in_own_process(name, measure, job))
    medians = [[statistics.median(question) for question in zip(*times, strict=True)] for times in found]
    rows = ["| seconds to the first token | first question | second | second / first | / mlx-vlm's second |"]
    rows.append("|---|---|---|---|---|")
    for (name, _, _), (first, second) in zip(sides, medians, strict=True):
        rows.append(f"| {name} | {first:.3f} | {second:.3f} | {second / first:.4f} | {second / medians[-1][1]:.4f} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
