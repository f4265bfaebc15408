"""`smolsight bench`: how long each stage takes, and what a picture and a token cost by count.

Options to jobs, every run in a process of its own, tables or JSON on stdout. What a run does is in `app/bench/ours.py`
and `peer.py`, what the figures become in `report.py`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from app.bench import peer
from app.bench.measured import Job, Measured
from app.bench.report import Ours, Theirs, record, tables
from app.cli.generation_options import DetailType, ModelName
from app.cli.offer import find_or_fetch
from app.cli.progress import Progress
from app.cli.stderr import say

GENERATED = "640 x 480 noise"


@click.command()
@click.option("--model", type=ModelName(), help="As for describe. Default: the best that is installed.")
@click.option("--picture", type=click.Path(path_type=Path), help=f"A picture file. Default: {GENERATED}.")
@click.option(
    "--detail", "details", type=DetailType(), multiple=True, help="As for describe; may be given again. Default: auto."
)
@click.option("--tokens", type=click.IntRange(min=2), default=32, show_default=True, help="Length of the answer.")
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True, help="Medians are of so many.")
@click.option("--against", type=click.Choice([peer.NAME]), help="Take turns with another program.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a detail.")
def bench(
    model: str | None,
    picture: Path | None,
    details: tuple[Any, ...],
    tokens: int,
    runs: int,
    against: str | None,
    as_json: bool,
) -> None:
    """Time a model's answers here, and count what they cost anywhere.

    Each run has a process of its own, and its model says exactly so many tokens. The tables are medians; the counts do
    not depend on the machine, and kernels are those that Metal would launch.
    """
    if against and not peer.is_installed():
        raise click.UsageError(f"{against} is not installed; to install it: {peer.INSTALL}")
    installed = find_or_fetch(model)
    if installed.notice:
        say(installed.notice)
    with _shown(picture) as path, Progress() as progress:
        jobs = [Job(installed.folder, path, detail, tokens) for detail in details or ("auto",)]
        everything, theirs = _measure(jobs, runs, bool(against), progress)
    if as_json:
        from app.answers.records import as_json_line

        name = str(picture) if picture else GENERATED
        for ours in everything:
            click.echo(as_json_line(record(installed.name, installed.notice, name, ours, theirs)), nl=False)
    else:
        click.echo(tables(everything, theirs), nl=False)


def _measure(jobs: Sequence[Job], runs: int, has_peer: bool, progress: Progress) -> tuple[list[Ours], Theirs | None]:
    """Counts first, since they find what is wrong with a folder; then every side once, and again."""
    from app.bench import ours
    from app.own_process import in_own_process

    progress.show("Counting")
    counts = [in_own_process("Counting", ours.count, job) for job in jobs]
    name = peer.name_and_version()
    launches = in_own_process(name, peer.launches_per_token, jobs[0]) if has_peer else None
    done: list[list[Measured]] = [[] for _ in jobs]
    theirs: list[Measured] = []
    for run in range(runs):
        for job, measured in zip(jobs, done, strict=True):
            progress.show(f"Smolsight at {job.detail}: run", run + 1, runs)
            measured.append(in_own_process("Smolsight", ours.measure, job))
        if has_peer:
            progress.show(f"{name}: run", run + 1, runs)
            theirs.append(in_own_process(name, peer.measure, jobs[0]))
    everything = [Ours(job.detail, count, its) for job, count, its in zip(jobs, counts, done, strict=True)]
    return everything, Theirs(name, launches, theirs) if launches else None


@contextmanager
def _shown(picture: Path | None) -> Iterator[Path]:
    """The user's picture, or a generated one: noise, so that no two tiles are alike."""
    if picture is not None:
        yield picture
        return
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory(prefix="smolsight-bench-") as folder:
        path = Path(folder) / "noise.png"
        Image.fromarray(noise).save(path)
        yield path
