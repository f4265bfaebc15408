"""The tokens that end an answer. Knows the checkpoint's files and the names that published models end with."""

from pathlib import Path

from mlx_model.config import ModelConfig
from mlx_model.errors import CheckpointError
from mlx_model.loading.json_file import Section, read_json
from mlx_model.prompting.tokenizer import END_OF_UTTERANCE, Tokenizer

# SmolVLM's, SmolLM2's, SmolDocling's and granite-docling's.
KNOWN_ENDS = (END_OF_UTTERANCE, "<|im_end|>", "</doctag>", "<|end_of_text|>")


def stop_ids(folder: Path, config: ModelConfig, tokenizer: Tokenizer) -> frozenset[int]:
    """What generation_config.json says; without its word config.json's ids and the known ends that the tokenizer has.

    CheckpointError where nothing would end an answer, or generation_config.json is broken.
    """
    file = folder / "generation_config.json"
    stated = Section(read_json(file), file).token_ids("eos_token_id") if file.exists() else ()
    if stated:
        return frozenset(stated)
    known = {tokenizer.token_id(token) for token in KNOWN_ENDS if token in tokenizer.special_tokens}
    ids = frozenset(config.eos_token_ids) | {token_id for token_id in known if token_id is not None}
    if not ids:
        raise CheckpointError(
            f"Nothing in {folder} says which token ends an answer: generation_config.json needs 'eos_token_id'. "
            "Download or convert the checkpoint again."
        )
    return ids
