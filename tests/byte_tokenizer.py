"""A small byte-level BPE tokenizer with SmolLM2's pre-tokenizer and special tokens, for checkpoints of tests."""

from typing import Any

SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>"),
    *("<gh_stars>", "<issue_start>", "<issue_comment>", "<issue_closed>", "<jupyter_start>", "<jupyter_text>"),
    *("<jupyter_code>", "<jupyter_output>", "<jupyter_script>", "<empty_output>"),
)
TAGS = ("<global-img>", *(f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)))
RESERVED = tuple(f"<|reserved_special_token_{number}|>" for number in range(88))
ADDED_TAGS = (*TAGS, "<fake_token_around_image>", "<image>", *RESERVED, "<end_of_utterance>")
ADDED_V1 = ("<fake_token_around_image>", "<image>", "<end_of_utterance>")

MERGES = (
    *(("Ċ", "Ċ"), ("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("i", "n"), ("Ġ", "a"), ("i", "s"), ("Ġ", "R"), ("Ġ", "D")),
    *(("a", "g"), ("m", "ag"), ("e", "s"), ("c", "r"), ("o", "w"), ("c", "o"), ("co", "l"), ("Ġ", "w"), ("a", "t")),
)
FIRST_ADDED = len(SPECIAL) + 256 + len(MERGES)


def byte_tokenizer(first_added: int = FIRST_ADDED, added: tuple[str, ...] = ADDED_TAGS) -> dict[str, Any]:
    """The content of a tokenizer.json whose added tokens begin at the id `first_added`; fillers close the gap."""
    words = [*SPECIAL, *_byte_alphabet(), *("".join(pair) for pair in MERGES)]
    words += [f"<filler_{number}>" for number in range(len(words), first_added)]
    ids = dict(zip(SPECIAL, range(len(SPECIAL)), strict=True)) | {word: first_added + n for n, word in enumerate(added)}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": word, **flags} for word, number in ids.items()],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": {**byte_level, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {word: number for number, word in enumerate(words)},
            "merges": [list(pair) for pair in MERGES],
        },
    }


def _byte_alphabet() -> list[str]:
    """GPT-2's printable stand-in for each byte: itself where printable, else the next character from U+0100 on."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    hidden = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(hidden)) for byte in range(256)]
