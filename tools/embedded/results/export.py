"""Writes a training checkpoint as a hub-form folder: what a download of a SmolVLM holds, loadable by transformers.

The folder appears whole: it is written beside its place and renamed. Without a checkpoint the weights are seeded random
ones, for tests that need the shape alone.
"""

import argparse
import json
import shutil
from pathlib import Path

from safetensors.torch import save_file

from tools.embedded.training.heads import network_of
from tools.embedded.training.model import Shape, build_config, build_model
from tools.embedded.training.tokenizer import CHAT_TEMPLATE, END, PAD, START, UNKNOWN, load_tokenizer, token_ids
from tools.embedded.training.warm_start import weights_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a training run: tokenizer.json and checkpoint.pt")
    parser.add_argument("out", type=Path, help="folder to write; replaced when it is there")
    parser.add_argument("--random", action="store_true", help="seeded random weights instead of the checkpoint's")
    given = parser.parse_args()
    export(given.run, given.out, given.random)


def export(run: Path, out: Path, random: bool = False) -> None:
    """Writes weights with the config, processor and tokenizer files that belong to them.

    In float16: quantization keeps its scales in the weights' type, and bfloat16's are coarser than 8 bits need.
    """
    shape, tokenizer = Shape(), load_tokenizer(run / "tokenizer.json")
    ids = token_ids(tokenizer)
    model = build_model(build_config(shape, ids), seed=0)
    if not random:
        model.load_state_dict(network_of(weights_of(run)))
    temporary = out.with_name(out.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    weights = {name: value.half().contiguous().clone() for name, value in model.state_dict().items()}
    save_file(weights, temporary / "model.safetensors", metadata={"format": "pt"})
    for name, content in folder_files(shape, ids).items():
        (temporary / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    tokenizer.save(str(temporary / "tokenizer.json"))
    shutil.rmtree(out, ignore_errors=True)
    temporary.rename(out)


def folder_files(shape: Shape, ids: dict[str, int]) -> dict[str, dict[str, object]]:
    """The JSON files of the folder, with the keys that the family's checkpoints have."""
    config = build_config(shape, ids)
    text_keys = (
        "model_type hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim "
        "max_position_embeddings vocab_size rms_norm_eps hidden_act bos_token_id eos_token_id pad_token_id "
        "tie_word_embeddings"
    ).split()
    vision_keys = (
        "model_type hidden_size intermediate_size num_hidden_layers num_attention_heads num_channels image_size "
        "patch_size hidden_act layer_norm_eps attention_dropout"
    ).split()
    return {
        "config.json": {
            "model_type": "smolvlm",
            "architectures": ["SmolVLMForConditionalGeneration"],
            "image_token_id": ids["image"],
            "scale_factor": shape.shuffle,
            "vocab_size": ids["vocab_size"],
            "tie_word_embeddings": False,
            "pad_token_id": ids["pad"],
            "dtype": "float16",
            "text_config": {key: getattr(config.text_config, key) for key in text_keys} | {"rope_theta": 100000},
            "vision_config": {key: getattr(config.vision_config, key) for key in vision_keys},
        },
        "generation_config.json": {
            "bos_token_id": ids["start"],
            "eos_token_id": ids["end"],
            "pad_token_id": ids["pad"],
        },
        "preprocessor_config.json": {
            "do_convert_rgb": True,
            "do_image_splitting": True,
            "do_normalize": True,
            "do_pad": True,
            "do_rescale": True,
            "do_resize": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
            "image_processor_type": "SmolVLMImageProcessor",
            "max_image_size": {"longest_edge": shape.tile},
            "size": {"longest_edge": 2 * shape.tile},
            "resample": 1,
            "rescale_factor": 1 / 255,
            "processor_class": "SmolVLMProcessor",
            "video_sampling": {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": shape.tile}},
        },
        "processor_config.json": {"image_seq_len": shape.tokens_per_tile, "processor_class": "SmolVLMProcessor"},
        "tokenizer_config.json": {
            "tokenizer_class": "GPT2Tokenizer",
            "bos_token": START,
            "eos_token": END,
            "pad_token": PAD,
            "unk_token": UNKNOWN,
            "model_max_length": shape.context,
            "truncation_side": "left",
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "processor_class": "SmolVLMProcessor",
        },
        "chat_template.json": {"chat_template": CHAT_TEMPLATE},
    }


if __name__ == "__main__":
    main()
