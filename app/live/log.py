"""What was seen, with its times and thumbnails, and as a file: JSON lines, Markdown, SubRip or WebVTT."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from app.answers.captions import FORMATS, Caption
from app.terminal import strip_controls

MOST_ENTRIES = 5000  # some 30 MB of thumbnails
LAST_SECONDS = 1.0  # for how long a caption is shown after which nothing was seen


@dataclass
class Entry:
    """A caption, or a wish that came true. `began` and `ended` in seconds of `time.time`, `thumbnail` a JPEG."""

    began: float
    ended: float
    text: str
    thumbnail: bytes
    question: str
    model: str
    seconds: float
    kind: Literal["caption", "told"] = "caption"

    @property
    def clock(self) -> str:
        return datetime.fromtimestamp(self.began).strftime("%H:%M:%S")

    def record(self) -> dict[str, Any]:
        time = datetime.fromtimestamp(self.began).astimezone().isoformat(timespec="milliseconds")
        return {
            "kind": self.kind,
            "time": time,
            "model": self.model,
            "question": self.question,
            "seconds": round(self.seconds, 3),
        }


class LiveLog:
    """Entries in their order; beyond MOST_ENTRIES the oldest go."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def repeats(self, text: str) -> bool:
        """Whether the last caption says the same: then that one goes on."""
        last = next((entry for entry in reversed(self.entries) if entry.kind == "caption"), None)
        return last is not None and last.text == text

    def add(self, entry: Entry) -> None:
        """The caption before it ends where this one begins."""
        if entry.kind == "caption":
            self.go_on(entry.began)
        self.entries.append(entry)

    def drop_oldest(self) -> None:
        del self.entries[0]

    @property
    def is_over_full(self) -> bool:
        return len(self.entries) > MOST_ENTRIES

    def go_on(self, until: float) -> None:
        """The last caption still holds then."""
        last = next((entry for entry in reversed(self.entries) if entry.kind == "caption"), None)
        if last is not None:
            last.ended = max(last.ended, until)

    def clear(self) -> None:
        self.entries.clear()

    def export(self, path: Path) -> None:
        """Write a file of the kind that its ending says. Raises OSError, ValueError for another ending."""
        from mlx_model.whole_file import whole_file

        made = FORMATS.get(path.suffix.lower().removeprefix("."))
        if made is None:
            raise ValueError(f"{path.name} ends in none of {', '.join(f'.{ending}' for ending in FORMATS)}.")
        kind, subtitles = made(), path.suffix.lower() in (".srt", ".vtt")
        entries = [entry for entry in self.entries if entry.kind == "caption" or not subtitles]
        zero = self.entries[0].began if self.entries else 0.0
        began = datetime.fromtimestamp(zero).strftime("%Y-%m-%d %H:%M:%S")
        with whole_file(path) as file:
            file.write(kind.begin(f"Live, {began}").encode())
            for entry in entries:
                end = entry.ended if entry.ended > entry.began else entry.began + LAST_SECONDS
                text = strip_controls(entry.text if entry.kind == "caption" else f"Told: {entry.text}")
                caption = Caption(round(entry.began - zero, 3), round(end - zero, 3), text, entry.record())
                file.write(kind.add(caption).encode("utf-8", "replace"))
