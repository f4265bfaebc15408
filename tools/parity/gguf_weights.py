"""Holds the weights converted from a real GGUF file to llama.cpp's own dequantization of it, number by number.

    python -m tools.parity.gguf_weights SmolLM2-135M-Instruct.Q4_1.gguf

Needs the `gguf` package, which is llama.cpp's own reader.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, dequantize
from mlx.utils import tree_flatten

import mlx_model
from convert.conversion import convert

OUTER = {"token_embd": "embed_tokens", "output_norm": "norm", "output": "lm_head"}
IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    with tempfile.TemporaryDirectory() as scratch:
        result = convert(file, Path(scratch) / "converted")
        checkpoint = mlx_model.load(result.folder, keep_quantized=False)
    parameters: Any = tree_flatten(checkpoint.model.parameters())
    ours = {name: np.array(array) for name, array in parameters}
    theirs = reference(file, checkpoint.config.text.head_dim)
    unequal = sorted(name for name in ours.keys() | theirs.keys() if not _is_equal(ours.get(name), theirs.get(name)))
    print(
        f"{len(theirs)} tensors, {sum(array.size for array in theirs.values())} weights, {len(unequal)} tensors unequal"
    )
    for name in unequal:
        print(f"  {name}")


def reference(file: Path, head_dim: int) -> dict[str, np.ndarray]:
    """The file's weights in float32 by our names, with the rows of q and k as the checkpoint had them."""
    weights = {}
    for tensor in GGUFReader(file).tensors:
        part, *rest = tensor.name.removesuffix(".weight").split(".")
        name = OUTER[part] if not rest else f"layers.{rest[0]}.{IN_LAYER[rest[1]]}"
        array = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if name.endswith(("q_proj", "k_proj")):
            array = _halves_apart(array, head_dim)
        weights[f"language_model.{name}.weight"] = array
    return weights


def _halves_apart(rows: np.ndarray, head_dim: int) -> np.ndarray:
    """llama.cpp has row i of a head's first half beside row i of its second; a checkpoint has half after half."""
    heads = rows.reshape(-1, head_dim, rows.shape[1])
    return np.concatenate([heads[:, 0::2], heads[:, 1::2]], axis=1).reshape(rows.shape)


def _is_equal(ours: np.ndarray | None, theirs: np.ndarray | None) -> bool:
    return ours is not None and theirs is not None and np.array_equal(ours, theirs)


if __name__ == "__main__":
    main()
