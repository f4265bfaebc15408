"""The conversion itself: a folder or a GGUF file in, a checked folder out.

Tensors go through memory one by one, so that it holds the largest tensor and not the model. What was written is then
held to its source (`convert.check`), and the folder appears with the proof in it, or not at all.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path

import mlx.core as mx

from convert.check.proof import Proof, prove
from convert.check.report import JSON_NAME, PAGE_NAME, Checked, PartReport, Report, json_text, page
from convert.folder_source import open_folder
from convert.gguf_source import open_gguf
from convert.heap import freed_memory_kept
from convert.learned import LearnedRounding, Wanted, can_learn, network_order
from convert.naming import Form, hub_form, mlx_form
from convert.output_config import config_json
from convert.output_folder import check_apart, check_output, new_folder
from convert.packing import Parameter, job_for, output_dtype, packing_of
from convert.recipe import DEFAULT, PARTS, UNPACKED_BITS, Recipe, Target, part_of
from convert.shards import Job, write_file, write_shards
from convert.source import Source
from convert.whole_groups import with_whole_groups
from mlx_model.device.memory import limit_memory
from mlx_model.errors import ConversionError, ModelError
from mlx_model.loading.checkpoint import open_checkpoint

_EXACT = ".source"
# Up to so many weights `auto` rounding learns: beyond, it would take longer than all the rest.
_LEARNED_BY_ITSELF = 400_000_000


@dataclass(frozen=True)
class ConversionResult:
    """What came of it; bytes are those of the weights."""

    folder: Path
    bytes_before: int
    bytes_after: int
    report: Report


def convert(
    source: Path,
    out: Path,
    recipe: Recipe | None = None,
    *,
    adapter: Path | None = None,
    mmproj: Path | None = None,
    target: Target = "mlx",
    check: bool = True,
    greedy: bool = True,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ConversionResult:
    """Convert the checkpoint folder or .gguf file `source` into the folder `out`, which appears whole or not at all.

    Without a recipe a GGUF file keeps its own packing exactly, and a folder takes the default one of 4 bits; `hub`
    always has plain numbers. `adapter` is a LoRA in PEFT's form, `mmproj` the second .gguf file of a model that sees.
    `check` holds the result to its source, `greedy` its text too where both are small. `force` replaces an older
    folder. `progress(bytes written, bytes in all)`; what it raises stops the conversion.

    Raises CheckpointError or RefusedError for what is wrong with the source, ConversionError for what is wrong with
    the output, the wish or the result.
    """
    check_apart(out, source)
    check_output(out, force=force)
    if target == "hub":
        if recipe is not None and (recipe.bits != UNPACKED_BITS or recipe.rules):
            raise ConversionError("The hub's form has plain numbers: leave out the bits, or convert to MLX.")
        recipe = Recipe(UNPACKED_BITS)
    is_gguf = source.suffix.lower() == ".gguf"
    if mmproj is not None and not is_gguf:
        raise ConversionError(f"{mmproj} goes with a .gguf file, and {source} is none. Leave it out.")
    opened = open_gguf(source, mmproj) if is_gguf else open_folder(source, adapter)
    keeps_packing = is_gguf and recipe is None and adapter is None
    recipe = Recipe(UNPACKED_BITS) if keeps_packing else recipe or DEFAULT
    if "vision_config" not in opened.config:
        recipe = recipe.for_words_alone()
    else:
        weights = sum(prod(one.shape) for one in opened.parameters if part_of(one.name) == "decoder")
        recipe = recipe.for_pictures(int(opened.config["text_config"]["num_hidden_layers"]), weights)
    limit_memory()
    mx.reset_peak_memory()
    with freed_memory_kept(), new_folder(out) as folder:
        nbytes = opened.nbytes
        if is_gguf and not keeps_packing:
            opened = _as_folder(opened, folder / _EXACT, adapter, source)
        opened = with_whole_groups(opened, recipe)
        form = (hub_form if target == "hub" else mlx_form)(sees="vision_config" in opened.config)
        sizes = _write(folder, opened, recipe, form, progress)
        _check_opens(folder, source)
        proof = None
        if check and opened.stream is not None and opened.load is not None:
            proof = prove(opened.stream, opened.load, folder, greedy=greedy)
        shutil.rmtree(folder / _EXACT, ignore_errors=True)
        report = _report(source, recipe, opened, sizes, nbytes, proof)
        write_file(folder / JSON_NAME, json_text(report).encode())
        write_file(folder / PAGE_NAME, page(report).encode())
    return ConversionResult(out, nbytes, report.bytes, report)


def _as_folder(opened: Source, folder: Path, adapter: Path | None, name: Path) -> Source:
    """A GGUF file's numbers, exactly, as a folder that can be streamed as often as it takes."""
    folder.mkdir()
    form = mlx_form(sees="vision_config" in opened.config)
    _write(folder, opened, Recipe(UNPACKED_BITS), form, lambda done, total: None)
    return open_folder(folder, adapter, name)


def _write(
    folder: Path, source: Source, recipe: Recipe, form: Form, progress: Callable[[int, int], None]
) -> dict[str, int]:
    """Fill the folder; the bytes of each parameter by its name in our model."""
    jobs = _jobs(source, recipe, form)
    _check_space(folder, jobs.values())
    for name, content in source.files.items():
        write_file(folder / name, content)
    write_shards(folder, list(jobs.values()), progress, tag=form.tag)
    write_file(folder / "config.json", config_json(source.config, source.parameters, recipe, form.stored_name))
    return {name: job.nbytes for name, job in jobs.items()}


def _jobs(source: Source, recipe: Recipe, form: Form) -> dict[str, Job]:
    """By parameter: rounded to the nearest point as they stand in the source, or learned, in the network's order."""
    parameters = source.parameters
    wanted = _to_learn(source, recipe)
    if not wanted or source.load is None:
        return {parameter.name: job_for(parameter, form, recipe) for parameter in parameters}
    tied = not any(parameter.name.startswith("language_model.lm_head.") for parameter in parameters)
    learned = LearnedRounding(source.load, wanted)
    in_order = sorted(parameters, key=lambda parameter: network_order(parameter.name, tied=tied))
    return {
        parameter.name: job_for(parameter, form, recipe, learned.take if parameter.name in wanted else None)
        for parameter in in_order
    }


def _to_learn(source: Source, recipe: Recipe) -> dict[str, Wanted]:
    if recipe.rounding == "nearest":
        return {}
    tied = not any(parameter.name.startswith("language_model.lm_head.") for parameter in source.parameters)
    wanted = {}
    for parameter in source.parameters:
        packing = packing_of(parameter, recipe)
        if isinstance(parameter, Parameter) and packing and can_learn(parameter, packing, tied=tied):
            wanted[parameter.name] = Wanted(parameter, packing, output_dtype(parameter.dtype, recipe))
    weights = sum(prod(one.parameter.shape) for one in wanted.values())
    return {} if recipe.rounding == "auto" and weights > _LEARNED_BY_ITSELF else wanted


def _check_space(folder: Path, jobs: Iterable[Job]) -> None:
    needed, free = sum(job.nbytes for job in jobs), shutil.disk_usage(folder).free
    if needed > free:
        raise ConversionError(
            f"The weights need {needed / 1e9:.1f} GB, and the disk of {folder.parent} has {free / 1e9:.1f} GB left."
        )


def _check_opens(folder: Path, source: Path) -> None:
    """What was written must open; a GGUF file's template and tokens have not been looked at before."""
    try:
        open_checkpoint(folder)
    except ModelError as error:
        raise type(error)(str(error).replace(str(folder), str(source))) from error


def _report(
    source: Path, recipe: Recipe, opened: Source, sizes: Mapping[str, int], source_bytes: int, proof: Proof | None
) -> Report:
    weights: dict[str, int] = defaultdict(int)
    nbytes: dict[str, int] = defaultdict(int)
    for parameter in opened.parameters:
        part = part_of(parameter.name)
        weights[part] += prod(parameter.shape)
        nbytes[part] += sizes[parameter.name]
    errors = proof.comparison.relative_errors if proof else {}
    # A tied model's head is its embedding: it has an error, and no bytes of its own.
    parts = {
        part: PartReport(errors.get(part), nbytes[part], 8 * nbytes[part] / weights[part] if part in weights else 0.0)
        for _, part in PARTS
        if part in weights or part in errors
    }
    checked = None
    if proof:
        found = proof.comparison
        checked = Checked(
            found.kl_per_token,
            found.top1_agreement,
            proof.text_agreement,
            found.tokens,
            proof.check_set,
            mx.get_peak_memory(),
            **asdict(proof.extent),
        )
    return Report(source.name, str(recipe), parts, sum(sizes.values()), source_bytes, checked)
