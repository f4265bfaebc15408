"""How much faster many pictures are described together than one by one (the paper's figure 9), on this machine.

    python -m tools.bench.batch --write docs/batches.md

Makes a folder with seeded random weights at the real 256M shape. Decoding is measured with prompts of words that are as
long as a picture's at one tile, every size in turn, several times; a ratio is the median of its own, run by run. Whole
pictures (looking, reading the prompt, decoding) are measured once for each size, as many as the size: noise, so that no
two are alike. Takes some minutes, most of them in the encoder, and 4 GB of memory.
"""

import argparse
import os
import platform
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import mlx_model  # noqa: F401 (loads the BLAS library, which must come before `import mlx.core`)
from mlx_model.answering.answer import stream_answer
from mlx_model.answering.batch import stream_batch
from mlx_model.events import Answer, Answered
from mlx_model.loading.checkpoint import Checkpoint, load
from mlx_model.openings import stream_opened
from mlx_model.prompting.prompt import Message, Part, Picture, Text
from mlx_model.request import Request
from tests.checkpoints import write_checkpoint
from tests.mlx_model.asking import noise

MEASURED = re.compile(r"(<!-- written by tools.bench.batch -->\n).*?(<!-- end -->)", re.DOTALL)
SIZES = (1, 2, 4, 8, 16, 32, 64)
QUESTION = "Describe this image."
PROMPT_BYTES = 66  # a token each for the byte-level tokenizer: with the template as long as a picture of one tile


@dataclass(frozen=True)
class Run:
    """One size: tokens a second of all answers together, and seconds for the whole."""

    tokens_per_second: float
    seconds: float
    peak_memory_bytes: int


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="smolsight-bench-") as scratch:
        folder = write_checkpoint(Path(scratch) / "256m", "256m", real_size=True)
        checkpoint = replace(load(folder), stop_ids=frozenset())
    decoding: dict[int, list[Run]] = {size: [] for size in options.sizes}
    for _ in range(options.runs):
        for size, runs in decoding.items():
            runs.append(_measure(checkpoint, [_words(options.tokens, number) for number in range(size)]))
    whole = {}
    if options.pictures:
        for size in options.sizes:
            whole[size] = _measure(checkpoint, [_picture(options.tokens, number) for number in range(size)])
    found = table(decoding, whole)
    print(found, end="")
    if options.write:
        page, measured = options.write.read_text(encoding="utf-8"), f"{_setting(options)}\n\n{found}"
        page = MEASURED.sub(lambda place: f"{place[1]}{measured}{place[2]}", page)
        options.write.write_text(page, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.batch", description="Answers together and one by one.")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many at a time, 1 first")
    parser.add_argument("--runs", type=int, default=3, help="how often decoding is measured (default 3)")
    parser.add_argument("--tokens", type=int, default=32, help="tokens of each answer (default 32)")
    parser.add_argument("--no-pictures", dest="pictures", action="store_false", help="measure decoding alone")
    parser.add_argument("--write", type=Path, help="a page whose measured table to replace")
    return parser.parse_args()


def _words(tokens: int, number: int) -> Request:
    # Of slightly different lengths, as pictures' prompts are.
    return _request([Text("a" * (PROMPT_BYTES - number % 3))], tokens)


def _picture(tokens: int, number: int) -> Request:
    return _request([Picture(noise(512, 384, seed=number).image), Text(QUESTION)], tokens)


def _request(parts: Sequence[Part], tokens: int) -> Request:
    return Request((Message("user", tuple(parts)),), max_tokens=tokens, repetition_guard=False)


def _measure(checkpoint: Checkpoint, requests: list[Request]) -> Run:
    """One alone as `describe photo.jpg` answers it, several as a folder's are."""
    begin = time.perf_counter()
    answers = list(_answers(checkpoint, requests))
    rates = [answer.tokens_per_second for answer in answers]
    peak = max(answer.peak_memory_bytes for answer in answers)
    return Run(sum(rate for rate in rates if rate), time.perf_counter() - begin, peak)


def _answers(checkpoint: Checkpoint, requests: list[Request]) -> Iterator[Answer]:
    if len(requests) == 1:
        *_, last = stream_answer(checkpoint, requests[0])
        assert isinstance(last, Answered), "the last event is the answer"
        yield last.answer
        return
    opened = stream_opened([lambda request=request: request for request in requests])  # type: ignore[misc]
    for told in stream_batch(checkpoint, opened, len(requests), threading.Event()):
        if isinstance(told.event, Answered):
            yield told.event.answer


def table(decoding: dict[int, list[Run]], whole: dict[int, Run]) -> str:
    """A Markdown table, a row a size, ratios to the first one; pictures' columns are empty where none were measured."""
    alone, *_ = decoding.values()
    lines = ["| at a time | tokens/s | ratio | pictures/s | ratio | MLX peak, GB |", "| ---: " * 6 + "|"]
    for size, runs in decoding.items():
        ratio = median(run.tokens_per_second / one.tokens_per_second for run, one in zip(runs, alone, strict=True))
        cells = [f"{size}", f"{median(run.tokens_per_second for run in runs):.1f}", f"{ratio:.2f}"]
        lines.append(f"| {' | '.join(cells + _picture_cells(size, whole))} |")
    return "\n".join(lines) + "\n"


def _picture_cells(size: int, whole: dict[int, Run]) -> list[str]:
    if size not in whole:
        return ["", "", ""]
    first_size, first = next(iter(whole.items()))
    rate, peak = size / whole[size].seconds, whole[size].peak_memory_bytes
    return [f"{rate:.3f}", f"{rate / (first_size / first.seconds):.2f}", f"{peak / 1e9:.2f}"]


def _setting(options: argparse.Namespace) -> str:
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return (
        f"{machine}; {options.tokens} tokens an answer; decoding: medians of {options.runs} runs of each size, in turn."
    )


if __name__ == "__main__":
    main()
