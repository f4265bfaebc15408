"""Text to ids and back on a small byte-level tokenizer, and on SmolLM2's own where it lies beside the checkout."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from mlx_model.config import ModelConfig, read_model_config
from mlx_model.errors import CheckpointError
from mlx_model.prompting.tokenizer import Tokenizer, check_tokenizer
from tests.byte_tokenizer import ADDED_V1, byte_tokenizer
from tests.checkpoints import model_config, write_configs

Change = Callable[[dict[str, Any]], object]


def write(folder: Path, change: Change = lambda content: None, **options: Any) -> Path:
    content = byte_tokenizer(**options)
    change(content)
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer.from_folder(write(tmp_path_factory.mktemp("tokenizer")))


def library(tokenizer: Tokenizer) -> tokenizers.Tokenizer:
    """The `tokenizers` library's own reading of the same file, as the reference uses it."""
    return tokenizers.Tokenizer.from_file(str(tokenizer.file))


# Encoding

TEXTS = (
    "",
    "User: Read the rain",
    "<image>",
    " <image> the<end_of_utterance>\n\n<row_1_col_1><row_12_col_1>",
    "a<|im_start|>",
    "<<image>><image",
    "é👍\x00\r\n\t",
)


@pytest.mark.parametrize("text", TEXTS)
def test_special_tokens_are_found_as_the_library_finds_them(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode(text, special=True) == library(tokenizer).encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("text", TEXTS)
def test_plain_text_has_no_special_tokens_and_reads_back(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert not special_ids(tokenizer) & set(ids)
    assert tokenizer.decode(ids) == text


def test_protected_text_stays_text_among_special_tokens(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("<image>" + tokenizer.protect("<image> <im<image>age>") + "<end_of_utterance>", special=True)
    assert [token for token in ids if token in special_ids(tokenizer)] == [
        tokenizer.token_id("<image>"),
        tokenizer.token_id("<end_of_utterance>"),
    ]
    assert tokenizer.decode(ids) == "<image> <im<image>age>"


def test_special_tokens_that_take_the_space_beside_them_do_so_here_too(tmp_path: Path) -> None:
    def strip(content: dict[str, Any]) -> None:
        for token in content["added_tokens"]:
            token["lstrip"] = token["content"] == "<image>"
            token["rstrip"] = token["content"] == "<end_of_utterance>"

    tokenizer = Tokenizer.from_folder(write(tmp_path, strip))
    text = "a \n<image> b <end_of_utterance> \n c"
    assert tokenizer.encode(text, special=True) == library(tokenizer).encode(text, add_special_tokens=False).ids


@given(text=st.text())
def test_protecting_keeps_the_length_and_can_be_undone(tokenizer: Tokenizer, text: str) -> None:
    assert len(tokenizer.protect(text)) == len(text)
    assert tokenizer.reveal(tokenizer.protect(text)) == text


def test_lone_surrogates_become_replacement_characters(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("a\ud800b\udfff")) == "a\ufffdb\ufffd"
    assert tokenizer.decode(tokenizer.encode(tokenizer.protect("\ud800<"), special=True)) == "\ufffd<"


def test_the_prompts_tags_are_special_even_where_the_file_calls_them_words(tmp_path: Path) -> None:
    def unflag(content: dict[str, Any]) -> None:
        for token in content["added_tokens"]:
            token["special"] = False

    tokenizer = Tokenizer.from_folder(write(tmp_path, unflag))
    for tag in ("<image>", "<fake_token_around_image>", "<row_2_col_3>", "<global-img>", "<end_of_utterance>"):
        assert tag in tokenizer.special_tokens
        assert tokenizer.decode(tokenizer.encode(tag)) == tag
    assert "<repo_name>" not in tokenizer.special_tokens


def test_truncation_and_padding_of_a_training_run_are_ignored(tmp_path: Path) -> None:
    def limit(content: dict[str, Any]) -> None:
        content["truncation"] = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
        padding = {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": None}
        content["padding"] = padding | {"pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>"}

    tokenizer = Tokenizer.from_folder(write(tmp_path, limit))
    assert tokenizer.decode(tokenizer.encode("longer than three")) == "longer than three"
    assert len(tokenizer.encode("x")) == 1


def test_a_tokenizer_without_added_tokens_has_plain_text_alone(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_folder(write(tmp_path, lambda content: content.update(added_tokens=[])))
    assert tokenizer.special_tokens == frozenset()
    assert tokenizer.encode("a < b", special=True) == tokenizer.encode("a < b")


def test_digits_stand_alone(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.encode("2024")) == 4


# Streaming


def test_a_character_split_over_tokens_is_held_back_until_it_is_whole(tokenizer: Tokenizer) -> None:
    stream = tokenizer.stream()
    assert [stream.push(token) for token in tokenizer.encode("é👍")] == ["", "é", "", "", "", "👍"]
    assert stream.flush() == ""


def test_a_character_cut_short_shows_when_the_answer_ends(tokenizer: Tokenizer) -> None:
    stream = tokenizer.stream()
    assert "".join(stream.push(token) for token in tokenizer.encode("ok 👍")[:-1]) == "ok "
    assert stream.flush() == "\ufffd"
    assert stream.flush() == ""


def test_bytes_that_are_no_character_do_not_hold_back_what_follows(tokenizer: Tokenizer) -> None:
    stream = tokenizer.stream()
    first_of_two, word = tokenizer.encode("é")[0], tokenizer.encode("a")[0]
    assert [stream.push(first_of_two), stream.push(word)] == ["", "\ufffda"]


def test_spaces_in_front_are_kept_and_special_or_unknown_tokens_not_shown(tokenizer: Tokenizer) -> None:
    space, end = tokenizer.encode(" the")[0], tokenizer.token_id("<end_of_utterance>")
    assert end is not None
    stream = tokenizer.stream()
    assert [stream.push(token) for token in (space, end, space, tokenizer.vocab_size + 5)] == [" the", "", " the", ""]


def test_a_document_models_markup_is_part_of_its_answer(tmp_path: Path) -> None:
    markup = ("<doctag>", "<text>", "</text>", "<loc_12>", "<fcel>", "<_python_>")
    tokenizer = Tokenizer.from_folder(write(tmp_path, added=(*ADDED_V1, *markup)))
    text = "<doctag><text><loc_12>the</text><fcel><_python_>"
    ids = tokenizer.encode(f"{text}<image><|im_end|><end_of_utterance>", special=True)
    assert len(ids) == len(tokenizer.encode("the")) + 9
    assert tokenizer.decode(ids) == text


def test_streaming_equals_decoding_at_once(tokenizer: Tokenizer) -> None:
    """On ids that are mostly pieces of characters, against the library."""
    reference, pieces = library(tokenizer), tokenizer.encode("é👍日Ж\u0301")
    rng = random.Random(0)
    for _ in range(2000):
        some = [rng.choice(pieces) if rng.random() < 0.8 else rng.randrange(tokenizer.vocab_size) for _ in range(9)]
        assert tokenizer.decode(some) == reference.decode(some, skip_special_tokens=True)


@pytest.mark.alone
def test_a_long_answer_costs_the_same_a_token_as_a_short_one(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("the rain in Spain é " * 20)

    def seconds(times: int) -> float:
        stream, start = tokenizer.stream(), time.process_time()
        for token in ids * times:
            stream.push(token)
        return (time.process_time() - start) / times

    seconds(1)
    assert seconds(100) < 5 * min(seconds(5) for _ in range(3))


# SmolLM2's own tokenizer


@pytest.mark.parametrize("name", ["tokenizer", "tokenizer-v1-2.2b"])
def test_published_tokenizers_read_back_every_script(shared: Path, name: str) -> None:
    tokenizer = Tokenizer.from_folder(shared / "data" / name)
    reference = library(tokenizer)
    text = " Hi,\n\n\twhat? 2024 é 👩‍👩‍👧 これは हिन्दी \u202e\x00 <image><row_1_col_1>"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.encode(text, special=True) == reference.encode(text, add_special_tokens=False).ids
    assert tokenizer.vocab_size == reference.get_vocab_size()
    assert tokenizer.special_tokens == {t.content for t in reference.get_added_tokens_decoder().values() if t.special}
    rng = random.Random(0)
    for _ in range(500):
        some = [rng.randrange(tokenizer.vocab_size) for _ in range(6)]
        assert tokenizer.decode(some) == reference.decode(some, skip_special_tokens=True)


# What is refused


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is missing: download"):
        Tokenizer.from_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"\x00" * 100, b"[" * 100_000], ids=repr)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json could not be read as a tokenizer"):
        Tokenizer.from_folder(tmp_path)


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").mkdir()
    with pytest.raises(CheckpointError, match=r"tokenizer\.json could not be read"):
        Tokenizer.from_folder(tmp_path)


def test_another_kind_of_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not byte-level BPE .its decoder is Metaspace"):
        Tokenizer.from_folder(write(tmp_path, lambda content: content.update(decoder=metaspace())))


def test_a_prefix_that_would_abort_the_process_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="continuing_subword_prefix"):
        Tokenizer.from_folder(write(tmp_path, lambda content: content["model"].update(continuing_subword_prefix="x")))


@pytest.mark.parametrize("preset", ["256m", "2.2b-v1", "smollm2"])
def test_tokenizers_of_their_own_checkpoint_pass(tmp_path: Path, preset: str) -> None:
    write_configs(tmp_path, preset, model_config(preset))
    check_tokenizer(Tokenizer.from_folder(tmp_path), read_model_config(tmp_path))


def test_ids_without_an_embedding_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(CheckpointError, match=r"has ids up to 418, the model's vocabulary ends at 293"):
        check_tokenizer(Tokenizer.from_folder(tmp_path), v1_config(tmp_path))


def test_another_image_token_is_refused(tmp_path: Path) -> None:
    config = v1_config(tmp_path)
    write(tmp_path, added=ADDED_V1[::-1])
    tokenizer = Tokenizer.from_folder(tmp_path)
    assert tokenizer.token_id("<image>") == config.image_token_id  # the middle one of three
    write(tmp_path, added=("<image>", *ADDED_V1[::2]))
    with pytest.raises(CheckpointError, match=r"gives <image> the id \d+, config.json \d+"):
        check_tokenizer(Tokenizer.from_folder(tmp_path), config)


def test_an_image_token_that_text_cannot_become_is_refused(tmp_path: Path) -> None:
    config = v1_config(tmp_path)

    def drop(content: dict[str, Any]) -> None:
        ids = {token["content"]: token["id"] for token in content["added_tokens"]}
        content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] != "<image>"]
        content["model"]["vocab"]["<image>"] = ids["<image>"]

    with pytest.raises(CheckpointError, match="does not have <image> among its added tokens"):
        check_tokenizer(Tokenizer.from_folder(write(tmp_path, drop, added=ADDED_V1)), config)


def special_ids(tokenizer: Tokenizer) -> set[int | None]:
    return {tokenizer.token_id(token) for token in tokenizer.special_tokens}


def v1_config(folder: Path) -> ModelConfig:
    write_configs(folder, "2.2b-v1", model_config("2.2b-v1"))
    return read_model_config(folder)


def metaspace() -> dict[str, Any]:
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
