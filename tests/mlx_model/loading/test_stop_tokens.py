"""Which tokens end an answer, by the files of a checkpoint."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mlx_model.config import read_model_config
from mlx_model.errors import CheckpointError
from mlx_model.loading.stop_tokens import stop_ids
from mlx_model.prompting.tokenizer import Tokenizer
from tests.byte_tokenizer import byte_tokenizer
from tests.checkpoints import model_config, write_configs


def write(folder: Path, generation: Any, preset: str = "256m") -> Path:
    write_configs(folder, preset, model_config(preset))
    file = folder / "generation_config.json"
    file.unlink() if generation is None else file.write_text(json.dumps(generation))
    return folder


def ends(folder: Path) -> set[str]:
    config, tokenizer = read_model_config(folder), Tokenizer.from_folder(folder)
    names = {tokenizer.token_id(token): token for token in tokenizer.special_tokens}
    return {names[token] for token in stop_ids(folder, config, tokenizer)}


@pytest.mark.parametrize("eos", [2, [2], [2, 0]])
def test_generation_config_wins(tmp_path: Path, eos: int | list[int]) -> None:
    write(tmp_path, {"eos_token_id": eos})
    stops = stop_ids(tmp_path, read_model_config(tmp_path), Tokenizer.from_folder(tmp_path))
    assert stops == set(eos if isinstance(eos, list) else [eos])


@pytest.mark.parametrize("generation", [None, {}, {"eos_token_id": None}, {"eos_token_id": []}])
def test_without_its_word_the_known_ends_are_taken(tmp_path: Path, generation: Any) -> None:
    assert ends(write(tmp_path / "vlm", generation)) == {"<end_of_utterance>", "<|im_end|>"}
    assert ends(write(tmp_path / "v1", generation, "2.2b-v1")) == {"<end_of_utterance>", "<|im_end|>"}
    assert ends(write(tmp_path / "lm", generation, "smollm2")) == {"<|im_end|>"}


def test_the_config_adds_its_own_end(tmp_path: Path) -> None:
    folder = write(tmp_path, None)
    config = dataclasses.replace(read_model_config(folder), eos_token_ids=(0,))
    assert stop_ids(folder, config, Tokenizer.from_folder(folder)) > {0}


def test_document_models_end_with_their_own_tokens(tmp_path: Path) -> None:
    folder = write(tmp_path, None)
    added = ("<image>", "</doctag>", "<|end_of_text|>", "<end_of_utterance>")
    (folder / "tokenizer.json").write_text(json.dumps(byte_tokenizer(added=added)))
    assert ends(folder) == {"</doctag>", "<|end_of_text|>", "<end_of_utterance>", "<|im_end|>"}


@pytest.mark.parametrize("eos", ["2", True, [2, "x"], {"a": 1}, 2.5])
def test_an_end_that_is_no_id_is_refused(tmp_path: Path, eos: object) -> None:
    with pytest.raises(CheckpointError, match=r"'eos_token_id' in .*generation_config\.json is .*, not an id"):
        ends(write(tmp_path, {"eos_token_id": eos}))


def test_a_broken_generation_config_is_named(tmp_path: Path) -> None:
    (write(tmp_path, {}) / "generation_config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"generation_config\.json could not be read as JSON"):
        ends(tmp_path)


def test_a_checkpoint_that_never_ends_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, None)
    content = byte_tokenizer()
    content["added_tokens"] = [{**content["added_tokens"][0], "content": "<image>"}]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="says which token ends an answer"):
        ends(folder)
