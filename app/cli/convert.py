"""`smolsight convert`: a checkpoint folder, a model of the hub or a GGUF file becomes a folder of MLX weights.

Finds the source, asks for the download and the conversion, says what came of it. stdout has the new folder alone.
"""

import time
from pathlib import Path
from typing import TypedDict, Unpack, get_args

import click

from app.cli.byte_progress import ByteProgress
from app.cli.log_warnings import show_warnings
from app.cli.stderr import say
from app.shelf import catalogue, converted_folder, hub_id_of
from app.sizes import in_words
from convert.recipe import BITS, GROUP_SIZES, UNPACKED_BITS, Mix, Recipe, Rounding, Target
from mlx_model.errors import ModelNotFoundError


class ConvertOptions(TypedDict, total=False):
    """What `convert.conversion.convert` takes beside source, output and recipe."""

    adapter: Path | None
    mmproj: Path | None
    target: Target
    check: bool


@click.command()
@click.argument("source")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to make. Default: among Smolsight's models.")
@click.option(
    "--bits",
    type=click.Choice(BITS),
    help="Bits for each weight of the decoder; 16 keeps all as it is. Default: 4; a .gguf file keeps its own.",
)
@click.option(
    "--mix",
    type=click.Choice(get_args(Mix)),
    default="mixed",
    help="mixed gives the most sensitive layers of a model that sees two more bits, and a very small one 8 throughout; "
    "uniform none.  [default: mixed]",
)
@click.option("--group-size", type=click.Choice(GROUP_SIZES), help="Weights that share a scale. Default: 64.")
@click.option(
    "--rounding",
    type=click.Choice(get_args(Rounding)),
    default="auto",
    help="How numbers get onto the grid: learned from texts and pictures that ship with Smolsight, or to the nearest "
    "point. Default: learned where that takes minutes.",
)
@click.option(
    "--max-size",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MB",
    help="As near to the source as weights of this size can be; bits are chosen layer by layer.",
)
@click.option(
    "--target-kl",
    type=click.FloatRange(min=0, min_open=True),
    metavar="NATS",
    help="As small as possible with at most this KL a token; converts several times to find out.",
)
@click.option("--adapter", type=click.Path(path_type=Path), help="A LoRA adapter (PEFT) to fuse in.")
@click.option(
    "--mmproj",
    type=click.Path(path_type=Path),
    help="With a .gguf file of SmolVLM: the second file, which llama.cpp calls mmproj. Not tried on published files.",
)
@click.option(
    "--to",
    "target",
    type=click.Choice(get_args(Target)),
    default="mlx",
    help="mlx, small and for Smolsight and mlx-vlm, or hub, for transformers.  [default: mlx]",
)
@click.option("--check/--no-check", default=True, help="Hold the result to its source before it appears.")
@click.option("--force", is_flag=True, help="Replace the folder if it exists.")
def convert(
    source: str,
    out: Path | None,
    bits: int | None,
    mix: Mix,
    group_size: int | None,
    rounding: Rounding,
    max_size: float | None,
    target_kl: float | None,
    adapter: Path | None,
    mmproj: Path | None,
    target: Target,
    check: bool,
    force: bool,
) -> None:
    """Turn a checkpoint into small MLX weights.

    SOURCE is a folder (the hub's form, mlx-community's or ours), a .gguf file of SmolLM2, or of SmolVLM together with
    --mmproj, a model of the Hugging Face hub such as HuggingFaceTB/SmolVLM2-256M-Video-Instruct, or its short name
    (256m, 500m, 2.2b), which is downloaded first. The result is held to its source over a few fixed pictures and texts;
    CONVERSION.md in it says what came of that.
    """
    if target == "hub" and (bits not in (None, UNPACKED_BITS) or group_size is not None):
        raise click.UsageError("--to hub writes plain numbers: leave out --bits and --group-size.")
    goals = [goal for goal in (bits, max_size, target_kl) if goal is not None]
    if len(goals) > 1 or (target == "hub" and goals not in ([], [UNPACKED_BITS])):
        raise click.UsageError("--bits, --max-size and --target-kl exclude each other, and --to hub the last two.")
    if (max_size or target_kl) and out is None:
        raise click.UsageError("--max-size and --target-kl need --out: say where the new folder goes.")
    if bits == UNPACKED_BITS and group_size is not None:
        raise click.UsageError("--group-size has no meaning with --bits 16, which packs nothing.")
    show_warnings()
    if not Path(source).exists():
        source = _hub_id(source)
    recipe = None if target == "hub" else _recipe(source, bits, group_size, rounding, mix)
    if out is None and (target == "hub" or adapter is not None):
        raise click.UsageError("--to hub and --adapter need --out: say where the new folder goes.")
    out = out or converted_folder(source, recipe.bits if recipe else None)
    if max_size or target_kl:
        from convert.target import recipe_for

        if not Path(source).exists():
            raise click.UsageError("--max-size and --target-kl need a folder: `smolsight models get` it first.")
        max_bytes = int(max_size * 1e6) if max_size else None
        recipe = recipe_for(Path(source), recipe or Recipe(), adapter=adapter, max_bytes=max_bytes, target_kl=target_kl)
    make_model(source, out, recipe, force, adapter=adapter, mmproj=mmproj, target=target, check=check)
    click.echo(out)


def _hub_id(name: str) -> str:
    known = hub_id_of(name)
    if known is None or known.lower().endswith(".gguf"):
        names = ", ".join(known.name for known in catalogue())
        raise ModelNotFoundError(
            f"There is no folder or file {name}; a model of the hub is named org/name, or one of: {names}."
        )
    return known


def _recipe(source: str, bits: int | None, group_size: int | None, rounding: Rounding, mix: Mix) -> Recipe | None:
    """None keeps the packing that a .gguf file has."""
    if bits is None and group_size is None and source.lower().endswith(".gguf"):
        return None
    return Recipe(bits or Recipe.bits, group_size or Recipe.group_size, rounding=rounding, mix=mix)


def make_model(
    source: str, out: Path, recipe: Recipe | None = None, force: bool = False, **options: Unpack[ConvertOptions]
) -> None:
    """Download what is not here, convert it into the folder `out`, and say on stderr what came of it."""
    from convert.output_folder import check_output

    check_output(out, force=force)  # before anything is downloaded
    folder = Path(source)
    if not folder.exists():
        from app.shelf.downloads import download

        with ByteProgress(f"Downloading {source}") as progress:
            folder = download(source, progress.show)

    from convert.conversion import convert as convert_weights

    start = time.perf_counter()
    with ByteProgress(f"Writing {out.name}") as progress:
        result = convert_weights(folder, out, recipe, force=force, progress=progress.show, **options)
    parts = ", ".join(f"{name} {part.bits:.1f}" for name, part in result.report.parts.items() if part.bytes)
    seconds = time.perf_counter() - start
    say(
        f"{in_words(result.bytes_before)} of weights became {in_words(result.bytes_after)} in {seconds:.0f} s; "
        f"bits a weight: {parts}."
    )
    say(result.report.summary)
