"""The figures under an answer in words, from its record (see `records.py`), and what to know before trusting it."""

from typing import Any

UNSURE = 0.5  # mean probability below which an answer is called a guess


def facts(record: dict[str, Any]) -> str:
    """ "0.8 s to first word · 64 tokens/s · 1 tile, 64 tokens · 93 % sure"; empty for a blank picture."""
    if record.get("blank"):
        return ""
    seconds, parts = record.get("seconds") or {}, []
    if seconds.get("first_token") is not None:
        parts.append(f"{seconds['first_token']:.1f} s to first word")
    if record.get("tokens_per_second") is not None:
        parts.append(f"{record['tokens_per_second']:.0f} tokens/s")
    if tiles := record.get("tiles"):
        seen = "frame" if str(record.get("kind", "")).startswith("clip") else "tile"
        parts.append(f"{tiles} {seen if tiles == 1 else seen + 's'}, {record['image_tokens']} tokens")
    known, prompt = record.get("cached_tokens") or 0, record.get("prompt_tokens") or 0
    if known > prompt / 2:
        parts.append(f"{known} of {prompt} tokens known")
    if record.get("confidence"):
        parts.append(f"{record['confidence']['mean']:.0%} sure".replace("%", " %"))
    return " · ".join(parts)


def mark(record: dict[str, Any]) -> str:
    """What to know before trusting the answer: one sentence, or nothing."""
    if record.get("blank"):
        return "The picture is of one colour; the model was not asked."
    if record.get("finish_reason") == "repetition":
        return "The model began to repeat itself and was stopped."
    if record.get("finish_reason") == "length":
        return f"Cut off after {record.get('generated_tokens')} tokens."
    confidence = record.get("confidence")
    if confidence and confidence["mean"] < UNSURE:
        return "The model was guessing."
    return ""


def left_out(media: int, messages: int) -> str:
    """What the model sees no more of a conversation, in words."""
    counts = [(media, "picture or clip", "pictures and clips"), (messages, "message", "messages")]
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    return f"its oldest {' and '.join(parts)} {'is' if media + messages == 1 else 'are'} left out"
