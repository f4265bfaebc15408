"""The small tokenizer spells capitals and digits one by one and gives every text back."""

from tools.embedded.training.tokenizer import (
    CHAT_TEMPLATE,
    END,
    IMAGE,
    LAST,
    spells_capitals,
    token_ids,
    train_tokenizer,
)

SENTENCES = [
    "User:Describe this image.\nAssistant: A red apple and the word HELLO at the top.",
    "User:How many cats are there?\nAssistant: Three. A HELLO HELLO 42 42",
] * 5


def test_words_in_capitals_and_numbers_are_spelled() -> None:
    tokenizer = train_tokenizer(SENTENCES, 400)
    assert tokenizer.encode(' "HELLO" 42').tokens == ["Ġ", '"', "H", "E", "L", "L", "O", '"', "Ġ", "4", "2"]
    assert not any(spells_capitals(token) for token in tokenizer.get_vocab() if token not in LAST and "|" not in token)


def test_any_text_comes_back_as_it_was() -> None:
    tokenizer = train_tokenizer(SENTENCES, 400)
    for text in ("A cat.", "Füße 🐱 and\n\ntabs\t", "<image> is a special token", "  two  spaces "):
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_special_tokens_have_the_familys_ids_at_the_front_and_the_end() -> None:
    tokenizer = train_tokenizer(SENTENCES, 400)
    ids = token_ids(tokenizer)
    assert [tokenizer.token_to_id(token) for token in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")] == [0, 1, 2]
    assert ids["end"] == tokenizer.token_to_id(END) == ids["vocab_size"] - 1
    assert tokenizer.encode(f"a{IMAGE}{IMAGE}").ids[-2:] == [ids["image"]] * 2
    assert "<row_6_col_6>" in LAST and "Assistant:" in CHAT_TEMPLATE
