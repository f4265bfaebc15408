"""`smolsight doctor`: this machine in figures, what to run on it, and a test of all that only it can show."""

from typing import TYPE_CHECKING, Any

import click

from app.cli.progress import Progress
from app.cli.table import table
from app.sizes import in_words

if TYPE_CHECKING:
    from app.doctor.advice import Advice
    from app.doctor.measurement import Measurement
    from app.doctor.report import Line

FAILED = 1


@click.command()
@click.option("--again", is_flag=True, help="Measure anew.")
@click.option("--self-test", is_flag=True, help="Try what only this machine can show: a line each, pass, fail or skip.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --self-test one a line.")
@click.pass_context
def doctor(ctx: click.Context, again: bool, self_test: bool, as_json: bool) -> None:
    """Say how fast this machine is, and which model suits it.

    The machine is measured once, on a few layers of each published shape; no model need be there. Predictions are
    for Smolsight alone on a machine that does nothing else.
    """
    if self_test:
        _self_test(ctx, as_json)
        return
    from app.doctor.advice import advise
    from app.doctor.measurement import measured
    from app.doctor.report import lines
    from app.machine import free_memory

    with Progress() as progress:
        measurement = measured(again, progress.show)
    advice = advise(measurement, free_memory())
    predictions = lines(measurement)
    if as_json:
        from app.answers.records import as_json_line

        click.echo(as_json_line(_record(measurement, advice, predictions)), nl=False)
        return
    click.echo(_machine(measurement))
    click.echo(_predictions(predictions))
    click.echo(_advice(advice), nl=False)


def _machine(measurement: "Measurement") -> str:
    from app.doctor.report import speeds
    from app.machine import free_memory, processor, total_memory

    seen = speeds(measurement)
    rows = [
        ("processor", processor()),
        ("computes on", "the GPU, by Metal" if measurement.metal else "the CPU, in float32"),
        ("memory", f"{in_words(total_memory())}, {in_words(free_memory())} of it free"),
        ("bandwidth", f"{measurement.bandwidth / 1e9:.1f} GB/s, reading weights"),
        ("speed", f"{seen.tiles_per_second:.2f} tiles/s, {seen.tokens_per_second:.1f} tokens/s with the 256M"),
    ]
    return table(rows)


def _predictions(predictions: "list[Line]") -> str:
    heading = ("MODEL", "BITS", "MEMORY", "PICTURE", "IN DETAIL", "TOKENS/S", "CLIP OF 30 S")
    rows = [
        (
            line.name,
            str(line.bits),
            in_words(line.detailed.memory_bytes),
            f"{line.picture.first_token:.1f} s",
            f"{line.detailed.first_token:.1f} s",
            f"{line.picture.tokens_per_second:.1f}",
            f"{line.clip.first_token:.1f} s",
        )
        for line in predictions
    ]
    return table([heading, *rows]) + "Seconds to the first word, of a picture of 640 x 480 pixels and of a clip.\n"


def _advice(advice: "Advice") -> str:
    suited = "suits this machine" if advice.fits else "is the least that there is, and will be slow or tight here"
    return f"{advice.name} at {advice.bits} bits {suited}: {advice.command}\n"


def _record(measurement: "Measurement", advice: "Advice", predictions: "list[Line]") -> dict[str, Any]:
    from dataclasses import asdict

    from app.doctor.report import speeds
    from app.machine import free_memory, processor, total_memory

    return {
        "processor": processor(),
        "metal": measurement.metal,
        "memory_bytes": total_memory(),
        "free_memory_bytes": free_memory(),
        "bandwidth_bytes_per_second": measurement.bandwidth,
        **asdict(speeds(measurement)),
        "advice": {"model": advice.name, "bits": advice.bits, "fits": advice.fits, "command": advice.command},
        "predictions": [line.record() for line in predictions],
    }


def _self_test(ctx: click.Context, as_json: bool) -> None:
    """A line as each check ends, then the table of times."""
    from app.doctor.self_test import run_checks

    outcomes = []
    with Progress() as progress:
        for outcome in run_checks(lambda name: progress.show(f"Trying: {name}")):
            progress.clear()
            outcomes.append(outcome)
            if as_json:
                from app.answers.records import as_json_line

                click.echo(as_json_line(outcome.record()), nl=False)
            else:
                click.echo(f"{outcome.status:4}  {outcome.name:18}  {outcome.said}")
    times = [row for outcome in outcomes for row in outcome.times]
    if times and not as_json:
        click.echo("\n" + table([("", "LOAD", "FIRST WORD", "TOKENS/S"), *times]), nl=False)
    if any(outcome.status == "fail" for outcome in outcomes):
        ctx.exit(FAILED)
