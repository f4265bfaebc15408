"""`smolsight convert`: a checkpoint folder, a model of the hub or a GGUF file becomes a folder of MLX weights.

Finds the source, asks for the download and the conversion, says what came of it. stdout has the new folder alone.
"""

import time
from pathlib import Path

import click

from app.cli.byte_progress import ByteProgress
from app.cli.log_warnings import show_warnings
from app.cli.stderr import say
from app.shelf import catalogue, converted_folder, hub_id_of
from app.sizes import in_words
from convert.recipe import BITS, GROUP_SIZES, UNPACKED_BITS, Recipe
from mlx_model.errors import ModelNotFoundError


@click.command()
@click.argument("source")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to make. Default: among Smolsight's models.")
@click.option(
    "--bits",
    type=click.Choice(BITS),
    help="Bits for each weight of the decoder; 16 keeps all as it is. Default: 4; a .gguf file keeps its own.",
)
@click.option("--group-size", type=click.Choice(GROUP_SIZES), help="Weights that share a scale. Default: 64.")
@click.option("--force", is_flag=True, help="Replace the folder if it exists.")
def convert(source: str, out: Path | None, bits: int | None, group_size: int | None, force: bool) -> None:
    """Turn a checkpoint into small MLX weights.

    SOURCE is a folder in the hub's form, a .gguf file of SmolLM2, a model of the Hugging Face hub such as
    HuggingFaceTB/SmolVLM2-256M-Video-Instruct, or its short name (256m, 500m, 2.2b), which is downloaded first.
    """
    if bits == UNPACKED_BITS and group_size is not None:
        raise click.UsageError("--group-size has no meaning with --bits 16, which packs nothing.")
    show_warnings()
    if not Path(source).exists():
        source = _hub_id(source)
    recipe = _recipe(source, bits, group_size)
    out = out or converted_folder(source, recipe.bits if recipe else None)
    make_model(source, out, recipe, force)
    click.echo(out)


def _hub_id(name: str) -> str:
    known = hub_id_of(name)
    if known is None or known.lower().endswith(".gguf"):
        names = ", ".join(known.name for known in catalogue())
        raise ModelNotFoundError(
            f"There is no folder or file {name}; a model of the hub is named org/name, or one of: {names}."
        )
    return known


def _recipe(source: str, bits: int | None, group_size: int | None) -> Recipe | None:
    """None keeps the packing that a .gguf file has."""
    if bits is None and group_size is None and source.lower().endswith(".gguf"):
        return None
    return Recipe(bits or Recipe.bits, group_size or Recipe.group_size)


def make_model(source: str, out: Path, recipe: Recipe | None = None, force: bool = False) -> None:
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
        result = convert_weights(folder, out, recipe, force=force, progress=progress.show)
    parts = ", ".join(f"{part.part} {part.bits_per_weight:.1f}" for part in result.parts)
    seconds = time.perf_counter() - start
    say(
        f"{in_words(result.bytes_before)} of weights became {in_words(result.bytes_after)} in {seconds:.0f} s; "
        f"bits a weight: {parts}."
    )
