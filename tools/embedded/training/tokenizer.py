"""A small byte-level BPE in SmolLM2's form, trained on the world's own sentences.

Digits stand alone, and so do capitals: no merge joins two capitals or a space and a capital, so a word in capitals is
spelled letter by letter and reading is spelling.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

START, PAD, UNKNOWN, END = "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<end_of_utterance>"
IMAGE, FAKE, GLOBAL = "<image>", "<fake_token_around_image>", "<global-img>"
FIRST = (UNKNOWN, START, PAD)  # ids 0, 1, 2, as in SmolLM2
LAST = (GLOBAL, *(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)), FAKE, IMAGE, END)
CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def train_tokenizer(sentences: Iterable[str], vocabulary: int) -> Tokenizer:
    """Learns merges from sentences; the result has exactly `vocabulary` entries, special tokens included."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = split_rule()
    room = vocabulary - len(LAST)
    learner.train_from_iterator(
        sentences,
        trainers.BpeTrainer(
            vocab_size=room + 200,  # more than needed: merges with capitals go
            special_tokens=list(FIRST),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    model = json.loads(learner.to_str())["model"]
    vocab = {token: i for i, token in enumerate(FIRST)}
    for symbol in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocab[symbol] = len(vocab)
    merges: list[tuple[str, str]] = []
    for left, right in model["merges"]:
        if left in vocab and right in vocab and not spells_capitals(left + right) and len(vocab) < room:
            merges.append((left, right))
            vocab.setdefault(left + right, len(vocab))
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tokenizer.pre_tokenizer = split_rule()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in (*FIRST, *LAST)])
    return tokenizer


def split_rule() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )


def spells_capitals(token: str) -> bool:
    """Whether a merge would hide a single capital: a space before it, or a second one beside it."""
    capitals = [character for character in token if character.isascii() and character.isupper()]
    return len(capitals) > 1 or (len(capitals) == 1 and token[0] != capitals[0])


def token_ids(tokenizer: Tokenizer) -> dict[str, int]:
    """The ids that the model's configuration names."""
    vocabulary = tokenizer.get_vocab()
    named = {"image": IMAGE, "start": START, "pad": PAD, "end": END}
    return {"vocab_size": len(vocabulary)} | {key: vocabulary[token] for key, token in named.items()}


def load_tokenizer(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))
