"""What the check found, for programs (`conversion.json`) and for people (`CONVERSION.md`). Knows figures alone."""

import json
from dataclasses import asdict, dataclass, fields

JSON_NAME, PAGE_NAME = "conversion.json", "CONVERSION.md"


@dataclass(frozen=True)
class PartReport:
    """A part of the model: its own error (None where nothing was checked), its bytes, its bits a weight."""

    relative_error: float | None
    bytes: int
    bits: float


@dataclass(frozen=True)
class Checked:
    """`kl_per_token` in nats over so many `tokens`; `text_agreement` is None where source and result together are too
    large for greedy text.

    `check_set` is the SHA-256 of the set, of which so many `pictures` and `texts` were read, and so many `patches` of
    the pictures, all or fewer.
    """

    kl_per_token: float
    top1_agreement: float
    text_agreement: float | None
    tokens: int
    check_set: str
    peak_memory_bytes: int
    pictures: int
    texts: int
    patches: int
    patches_there: int


@dataclass(frozen=True)
class Report:
    """`parts` by name: vision, connector, embeddings, decoder, head, those that the model has."""

    source: str
    recipe: str
    parts: dict[str, PartReport]
    bytes: int
    source_bytes: int
    checked: Checked | None

    @property
    def summary(self) -> str:
        """The check in one line."""
        if self.checked is None:
            return "It was not held to its source."
        text = self.checked.text_agreement
        agreement = "" if text is None else f", {text:.0%} of the answers word for word"
        return (
            f"Held to its source: KL {self.checked.kl_per_token:.4f} nats a token, the same first choice for "
            f"{self.checked.top1_agreement:.1%} of {self.checked.tokens} tokens{agreement}."
        )


def json_text(report: Report) -> str:
    """One object; what a check would have found is null without one."""
    content = asdict(report)
    checked = content.pop("checked") or {field.name: None for field in fields(Checked)}
    return json.dumps(content | checked, indent=2, ensure_ascii=False) + "\n"


def page(report: Report) -> str:
    """The same for people, in Markdown."""
    rows = [
        f"| {name} | {_shown(part.relative_error)} | {part.bits:.2f} | {part.bytes / 1e6:,.1f} MB |"
        for name, part in report.parts.items()
    ]
    lines = [
        "# How this conversion compares with its source",
        "",
        f"{report.source}, {report.source_bytes / 1e6:,.1f} MB of weights, became {report.bytes / 1e6:,.1f} MB: "
        f"{report.recipe}.",
        "",
        report.summary,
        "",
        "| part | relative error | bits a weight | size |",
        "|---|---|---|---|",
        *rows,
        "",
        "A part's error is what that part alone does to its output, given the source's own input: the norm of the",
        "difference over the norm of the output. KL is how far the result's likelihoods of the next token lie from the",
        "source's; the first choice is the likeliest token. Both read the same fixed pictures, texts and answers, made",
        "for this check; photographs and your own questions were not among them.",
        *([] if report.checked is None else ["", _read(report.checked)]),
    ]
    return "\n".join(lines) + "\n"


def _read(checked: Checked) -> str:
    part = checked.patches / checked.patches_there if checked.pictures else 1.0
    read = f"Pictures that were read: {checked.pictures}, texts: {checked.texts}."
    return read if part == 1 else f"{read} Of each text its beginning, of each picture {part:.0%} of its patches."


def _shown(error: float | None) -> str:
    return "-" if error is None else f"{error:.2%}"
