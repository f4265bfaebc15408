"""Peak memory, by MLX's counter, of one picture at full detail with a 4-bit model whose layers stay packed.

    python -m tools.bench.packed_memory [--preset 256m] [--mix uniform] [--folder FOLDER] [--layers N]

Writes seeded random weights of the real shape, converts them in the form that `smolsight convert` gives, loads them
without unpacking and asks about a picture that fills the largest grid at `high`. Its tiles repeat, so that the encoder,
which on a CPU takes minutes for a packed tile, is run for two of them: what a tile's run takes is given back before the
next, so the peak is that of many. On a CPU what is not packed is float32, twice what it is on Metal.

Packed products on an x86 CPU take an hour for the large shapes. With `--layers` the whole model is loaded and stays,
but encoder and decoder are run through their first layers alone: a layer gives back what it takes before the next one
runs, all but its KV cache, and those of the others are added to the peak.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from app.own_process import in_own_process
from convert.recipe import Mix
from tools.bench.convert import write_source


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--preset", default="256m", help="256m, 500m or 2.2b")
    parser.add_argument("--mix", choices=("mixed", "uniform"), default="mixed", help="as for `smolsight convert`")
    parser.add_argument("--folder", type=Path, help="write the source and the conversion here, and leave them there")
    parser.add_argument("--layers", type=int, help="run the first so many of each stack; all are loaded and counted")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        packed = make_packed(arguments.folder or Path(scratch), arguments.preset, arguments.mix)
        weights, loaded, peak, tokens = in_own_process("the answer", measure, (packed, arguments.layers))
    print(f"{arguments.preset}: {tokens} prompt tokens; in GB (10^9 bytes): files {weights / 1e9:.3f}, ", end="")
    print(f"loaded {loaded / 1e9:.3f}, peak {peak / 1e9:.3f}")


def make_packed(folder: Path, preset: str, mix: Mix) -> Path:
    from convert.conversion import convert
    from convert.recipe import Recipe

    source, out = folder / "source", folder / "4bit"
    if not (source / "config.json").exists():
        write_source(source, preset)
    if not (out / "config.json").exists():
        # As many bytes as `smolsight convert` writes, without what takes long: learning how to round, and the proof.
        convert(source, out, Recipe(rounding="nearest", mix=mix), check=False)
    return out


def measure(what: tuple[Path, int | None]) -> tuple[int, int, int, int]:
    """Bytes of the weights' files, after loading and at the peak of an answer; tokens of the prompt."""
    folder, layers = what
    import mlx.core as mx

    from mlx_model.answering.answer import stream_answer
    from mlx_model.events import Answered
    from mlx_model.loading.checkpoint import load
    from mlx_model.prompting.prompt import Message, Picture, Text
    from mlx_model.request import Request
    from mlx_model.sessions.kept_sessions import Sessions

    checkpoint = load(folder, keep_quantized=True)
    loaded = mx.get_active_memory()
    decoder, encoder = checkpoint.model.language_model, checkpoint.model.vision_model.encoder
    everything = decoder.layers, encoder.layers  # held, though not all of it is run
    decoder.layers, encoder.layers = decoder.layers[:layers], encoder.layers[:layers]
    assert checkpoint.image_config is not None, "the preset sees"
    message = Message("user", (Picture(repeating(checkpoint.image_config.tile), "tiles"), Text("Describe this image.")))
    request, kept = Request((message,), detail="high", max_tokens=2), Sessions(decoder.new_cache, 2**40)
    *_, last = stream_answer(checkpoint, request, kept=kept, conversation="picture")
    assert isinstance(last, Answered), "the last event is the answer"
    left_out = len(everything[0]) - len(decoder.layers)
    peak = last.answer.peak_memory_bytes + kept.nbytes // len(decoder.layers) * left_out
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    return weights, loaded, peak, last.answer.prompt_tokens


def repeating(tile: int) -> Image.Image:
    """A picture of 4 x 3 equal tiles of noise."""
    noise = np.random.default_rng(0).integers(0, 256, (tile, tile, 3), dtype=np.uint8)
    return Image.fromarray(np.tile(noise, (3, 4, 1)))


if __name__ == "__main__":
    main()
