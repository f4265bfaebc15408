"""What a benchmark found, as records for `--json` and as Markdown tables. Knows numbers, neither models nor streams.

A figure is the median of its runs, a ratio the median of ours over theirs, run by run: both sides took turns, so what
else the machine did fell on both.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from app.bench.measured import Measured

if TYPE_CHECKING:
    from mlx_model.measuring.counts import Counts
    from mlx_model.measuring.launches import Launches

STAGES = ("load", "preprocess", "vision", "prefill", "first_token", "decode")


@dataclass(frozen=True)
class Ours:
    """Smolsight's runs at one detail."""

    detail: str | int
    counts: "Counts"
    runs: Sequence[Measured]


@dataclass(frozen=True)
class Theirs:
    """The peer's runs at the only detail that it has, one beside each of ours."""

    name: str
    token: "Launches"
    runs: Sequence[Measured]


def record(model: str, notice: str | None, picture: str, ours: Ours, theirs: Theirs | None) -> dict[str, Any]:
    """One detail's figures; `against` is null without a peer. Seconds, bytes, counts (`mlx_model.measuring.counts`)."""
    return {
        "model": model,
        "notice": notice,
        "picture": picture,
        "detail": ours.detail,
        "runs": len(ours.runs),
        **_medians(ours.runs),
        "counts": asdict(ours.counts),
        "against": theirs and _against(ours, theirs),
    }


def _against(ours: Ours, theirs: Theirs) -> dict[str, Any]:
    return {
        "name": theirs.name,
        **_medians(theirs.runs),
        "counts": {"token": asdict(theirs.token)},
        "ratios": ratios(ours, theirs),
    }


def _medians(runs: Sequence[Measured]) -> dict[str, Any]:
    return {
        "prompt_tokens": runs[0].prompt_tokens,
        "generated_tokens": runs[0].generated_tokens,
        "seconds": {stage: _median(runs, _stage(stage)) for stage in STAGES},
        "tokens_per_second": _median(runs, lambda run: run.tokens_per_second),
        "peak_memory_bytes": _median(runs, lambda run: run.peak_memory_bytes),
        "peak_rss_bytes": _median(runs, lambda run: run.peak_rss_bytes),
    }


def _stage(name: str) -> Callable[[Measured], float | None]:
    return lambda run: run.seconds.get(name)


def _median(runs: Sequence[Measured], figure: Callable[[Measured], float | None]) -> float | None:
    """None for what a side does not tell."""
    values = [value for run in runs if (value := figure(run)) is not None]
    return median(values) if values else None


def ratios(ours: Ours, theirs: Theirs) -> dict[str, float | None]:
    """Ours over theirs: times, memory and counts are better below one, the rate above."""
    pairs = list(zip(ours.runs, theirs.runs, strict=True))

    def ratio(figure: Callable[[Measured], float | None]) -> float | None:
        quotients = [mine / other for a, b in pairs if (mine := figure(a)) is not None and (other := figure(b))]
        return median(quotients) if quotients else None

    return {
        "first_token": ratio(_stage("first_token")),
        "tokens_per_second": ratio(lambda run: run.tokens_per_second),
        "peak_memory_bytes": ratio(lambda run: run.peak_memory_bytes),
        "peak_rss_bytes": ratio(lambda run: run.peak_rss_bytes),
        "kernels_per_token": ours.counts.token.kernels / theirs.token.kernels if theirs.token.kernels else None,
    }


def tables(everything: Sequence[Ours], theirs: Theirs | None) -> str:
    """Measured figures, ratios where there is a peer, and counts: Markdown tables with a blank line between."""
    parts = [_times(everything, theirs)]
    if theirs is not None:
        parts.append(_ratios(everything, theirs))
    counted = [(f"`{ours.detail}`", ours.counts) for ours in everything]
    parts += [picture_table("detail", counted), _token_table(everything, theirs)]
    return "\n".join(parts)


def _times(everything: Sequence[Ours], theirs: Theirs | None) -> str:
    stages = [f"{stage.replace('_', ' ')}, s" for stage in STAGES]
    columns = ["prompt tokens", *stages, "tokens/s", "MLX peak, GB", "RSS peak, GB"]
    sides = [(f"Smolsight, `{ours.detail}`", ours.runs) for ours in everything]
    if theirs is not None:
        sides.append((theirs.name, theirs.runs))
    rows = []
    for name, runs in sides:
        middle = _medians(runs)
        seconds = [_number(value, 2) for value in middle["seconds"].values()]
        memory = [_number(middle[peak] / 1e9, 2) for peak in ("peak_memory_bytes", "peak_rss_bytes")]
        rate = _number(middle["tokens_per_second"], 1)
        rows.append([name, f"{middle['prompt_tokens']:,}", *seconds, rate, *memory])
    return markdown(["", *columns], rows)


def _ratios(everything: Sequence[Ours], theirs: Theirs) -> str:
    columns = ["first token", "tokens/s", "MLX peak", "RSS peak", "kernels a token"]
    rows = [
        [f"Smolsight, `{ours.detail}` / {theirs.name}", *(_number(value, 2) for value in ratios(ours, theirs).values())]
        for ours in everything
    ]
    return markdown(["", *columns], rows)


def picture_table(heading: str, counted: Sequence[tuple[str, "Counts"]]) -> str:
    """From the pixels to the first token, a row each."""
    columns = ["tiles", "image tokens", "prompt tokens", "encoder GFLOP", "prefill GFLOP", "kernels", "host syncs"]
    rows = []
    for name, counts in counted:
        seen = counts.picture
        gflops = [f"{flops / 1e9:,.0f}" for flops in (seen.vision_flops, seen.prefill_flops)]
        tokens = [f"{count:,}" for count in (seen.tiles, seen.image_tokens, seen.prompt_tokens)]
        rows.append([name, *tokens, *gflops, f"{seen.kernels:,}", str(seen.host_syncs)])
    return markdown([heading, *columns], rows)


def _token_table(everything: Sequence[Ours], theirs: Theirs | None) -> str:
    columns = ["positions seen", "GFLOP", "weights read, MB", "KV cache read, MB", "kernels", "host syncs"]
    rows = []
    for ours in everything:
        token = ours.counts.token
        megabytes = [f"{size / 1e6:,.1f}" for size in (token.weight_bytes, token.kv_cache_bytes)]
        launches = [str(token.kernels), str(token.host_syncs)]
        rows.append(
            [f"next token, `{ours.detail}`", f"{token.context:,}", f"{token.flops / 1e9:.2f}", *megabytes, *launches]
        )
    if theirs is not None:
        rows.append([f"next token, {theirs.name}", *[""] * 4, str(theirs.token.kernels), str(theirs.token.host_syncs)])
    return markdown(["", *columns], rows)


def markdown(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, its first column to the left and the numbers to the right."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
