"""`tokenizer.json` and `tokenizer_config.json` of SmolLM2, rebuilt from a GGUF's vocabulary, merges and template.

`tokenizer.ggml.pre = smollm` stands for two steps before the merges: digits apart, then GPT-2's byte-level words.
Knows no file and no weight.
"""

import json
from typing import Any

from mlx_model.errors import CheckpointError, RefusedError

_CONTROL, _USER_DEFINED = 3, 4
_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def tokenizer_files(metadata: dict[str, Any], source: str) -> dict[str, bytes]:
    """File names and contents. Raises RefusedError for another model's tokenizer, CheckpointError for a broken one."""
    kinds = tuple(metadata.get(f"tokenizer.ggml.{key}") for key in ("model", "pre"))
    if kinds != ("gpt2", "smollm"):
        raise RefusedError(f"{source} has a tokenizer of the kind {kinds}, not SmolLM2's ('gpt2', 'smollm').")
    if metadata.get("tokenizer.ggml.add_bos_token"):
        raise RefusedError(f"{source} wants a token before every text ('add_bos_token'), which SmolLM2 does not.")
    words = _list(metadata, "tokens", str, source)
    types = _list(metadata, "token_type", int, source)
    merges = [merge.split(" ") for merge in _list(metadata, "merges", str, source)]
    vocabulary = {word: number for number, word in enumerate(words)}
    if len(types) != len(words) or len(vocabulary) != len(words) or any(len(pair) != 2 for pair in merges):
        raise CheckpointError(f"{source}: its tokens, token types and merges do not match. Get the file again.")
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(words, types),
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, _BYTE_LEVEL],
        },
        "post_processor": None,
        "decoder": {**_BYTE_LEVEL, "add_prefix_space": True},
        "model": _bpe(vocabulary, merges),
    }
    return {
        "tokenizer.json": json_bytes(tokenizer),
        "tokenizer_config.json": json_bytes(_tokenizer_config(metadata, words)),
    }


def json_bytes(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _added_tokens(words: list[str], types: list[int]) -> list[dict[str, Any]]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return [
        {"id": number, "content": word, **flags, "special": kind == _CONTROL}
        for number, (word, kind) in enumerate(zip(words, types, strict=True))
        if kind in (_CONTROL, _USER_DEFINED)
    ]


def _bpe(vocabulary: dict[str, int], merges: list[list[str]]) -> dict[str, Any]:
    unused = dict.fromkeys(("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"))
    switches = dict.fromkeys(("fuse_unk", "byte_fallback", "ignore_merges"), False)
    return {"type": "BPE", **unused, **switches, "vocab": vocabulary, "merges": merges}


def _tokenizer_config(metadata: dict[str, Any], words: list[str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": metadata["llama.context_length"],
    }
    for role, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        number = metadata.get(f"tokenizer.ggml.{key}_token_id")
        if isinstance(number, int) and number < len(words):
            config[f"{role}_token"] = words[number]
    if isinstance(template := metadata.get("tokenizer.chat_template"), str):
        config["chat_template"] = template
    return config


def _list(metadata: dict[str, Any], key: str, kind: type, source: str) -> list[Any]:
    values = metadata.get(f"tokenizer.ggml.{key}")
    if not isinstance(values, list) or not values or not all(isinstance(value, kind) for value in values):
        raise CheckpointError(f"{source}: 'tokenizer.ggml.{key}' is missing or broken. Get the file again.")
    return values
