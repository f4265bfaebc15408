"""Conversations whose token ids are compared with the reference's: every grid, every turn, every awkward character.

A conversation is a list of turns (role, part, part, ...); a part is a string or a picture's (width, height).
"""

from typing import Any

Turn = tuple[Any, ...]
Conversation = list[Turn]

TEXT_ONLY: dict[str, Conversation] = {
    "one question": [("user", "What can you see?")],
    "one word": [("user", "Hi")],
    "merges with the role": [("user", "Read")],
    "space in front": [("user", " Read  it")],
    "no words": [("user", "")],
    "trailing newlines": [("user", "Describe.\n\n\n")],
    "leading newlines": [("user", "\n\nDescribe.")],
    "carriage returns and tabs": [("user", "a\r\nb\tc\u00a0d")],
    "digits": [("user", "In 2024, 1,234.50 was 12% of x.")],
    "accents": [("user", "Où est l'été? Straße, naïve, Čeština, Türkçe")],
    "scripts": [("user", "これは何ですか？ 这是什么 Что это ما هذا אין ไทย हिन्दी 한국어")],
    "emoji": [("user", "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ☃ 🇫🇷")],
    "combining and invisible": [("user", "e\u0301 a\u200bb \u202eabc\u202c \ufeffx")],
    "control characters": [("user", "\x00\x01\x1b[31mred\x7f")],
    "code": [("user", "def f(x):\n    return {'a': [1, 2]}  # <b>&amp;</b>\n")],
    "template words": [("user", "{{ 7 * 7 }} {% for x in y %} {# c #} {{ messages }}")],
    "angle brackets": [("user", "if a < b and c > d: <html><image_><row> <|x|> << >>")],
    "private characters": [("user", "\ue000 \U000f0000 \U0010fffd")],
    "system": [("system", "You are terse."), ("user", "Who are you?")],
    "turns": [("user", "One?"), ("assistant", "Two."), ("user", "Three?")],
    "answer with spaces": [("user", "Say it."), ("assistant", " It. \n"), ("user", " Again.")],
    "ends with an answer": [("user", "Say it."), ("assistant", "It.")],
}
PICTURES: dict[str, Conversation] = {
    "describe": [("user", (640, 480), "Describe this image.")],
    "square": [("user", (512, 512), "What is it?")],
    "portrait": [("user", (480, 640), "What is it?")],
    "tall strip": [("user", (40, 900), "Read")],
    "wide strip": [("user", (1800, 60), "Read")],
    "tiny": [("user", (1, 1), "?")],
    "picture after words": [("user", "Look: ", (640, 360), " and say.")],
    "picture alone": [("user", (300, 200))],
    "newlines around": [("user", "\n", (300, 200), "\n\nRead")],
    "two pictures": [("user", (640, 480), (200, 300), "Compare.")],
    "pictures between words": [("user", "First ", (200, 300), " then ", (640, 480), " which?")],
    "system and picture": [("system", "You are terse."), ("user", (640, 480), "What?")],
    "picture, then a question": [("user", (640, 480), "What?"), ("assistant", "A cat."), ("user", "Where?")],
    "a picture in each turn": [("user", (640, 480), "1?"), ("assistant", "A."), ("user", (90, 80), "2?")],
    "emoji beside pictures": [("user", "👀", (90, 80), "é…")],
}
# The same picture with its long edge at so many tiles; 0 is the reference with splitting off.
DETAILS = (0, 1, 2, 3, 5)
DETAIL: Conversation = [("user", (640, 480), "Describe this image.")]

RAW: dict[str, Conversation] = {
    "raw words": [("user", "Once upon a time")],
    "raw with special tokens": [("user", "<|im_start|>User: hi<end_of_utterance>\nAssistant:")],
}
RAW_PICTURES: dict[str, Conversation] = {
    "raw picture": [("user", (640, 480), "A photo of")],
    "raw, picture in the words": [("user", "In ", (200, 300), " I see")],
}
