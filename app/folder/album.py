"""The pictures of some folders with a caption each: what the model said, what a person made of it, which are wanted.

An entry is never changed but replaced, so what was there before can be put back. Knows neither files nor a store.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from app.answers.footer import mark
from app.asking.describing import Outcome

Kind = Literal["all", "unreviewed", "reviewed", "repeated", "blank", "failed"]
KINDS: tuple[Kind, ...] = ("all", "unreviewed", "reviewed", "repeated", "blank", "failed")
Before = Mapping[int, "Entry"]


@dataclass(frozen=True)
class Entry:
    """One picture. `text` is its caption as it stands, `record` what the model said (see `app.answers.records`).

    `error` says why there is no caption; `written` is the caption that was last written beside the picture.
    """

    path: Path
    text: str = ""
    record: dict[str, Any] | None = None
    edited: bool = False
    reviewed: bool = False
    error: str = ""
    written: str | None = None

    @property
    def has_caption(self) -> bool:
        return self.record is not None or self.edited

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The filters that let it through."""
        record = (not self.edited and self.record) or {}
        holds: dict[Kind, bool] = {
            "all": True,
            "unreviewed": self.has_caption and not self.reviewed,
            "reviewed": self.reviewed,
            "repeated": record.get("finish_reason") == "repetition",
            "blank": bool(record.get("blank")),
            "failed": bool(self.error),
        }
        return tuple(kind for kind, is_so in holds.items() if is_so)

    @cached_property
    def sought(self) -> str:
        """What a search looks through: the caption and the file's name, without capitals."""
        return f"{self.text}\n{self.path.name}".casefold()

    @property
    def note(self) -> str:
        """What to know before trusting the caption: one sentence, or nothing."""
        return self.error or ("" if self.edited or self.record is None else mark(self.record))


class Album:
    """Entries in the folders' order. `counts` has how many there are of each kind, `waiting` who is still to be asked.

    Each change returns what was there before, for `put_back`.
    """

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.entries = list(entries)
        self.counts: Counter[Kind] = Counter(kind for entry in entries for kind in entry.kinds)
        self.waiting: set[int] = set()
        self._again: set[int] = set()
        for entry in entries:
            _ = entry.sought  # here, on whatever thread this is, and not at the first search
        self._places = {entry.path: place for place, entry in enumerate(entries)}
        self._changed: set[int] = set()
        self._unkept: set[int] = set()

    def __len__(self) -> int:
        return len(self.entries)

    def is_about_the_same_as(self, other: "Album") -> bool:
        return self._places == other._places

    @property
    def described(self) -> int:
        return self.counts["unreviewed"] + self.counts["reviewed"]

    def wanted(self, kind: Kind = "all", words: str = "") -> list[int]:
        """The places of the entries of a kind whose caption or file name has these words in it."""
        if not words:
            if kind == "all":
                return list(range(len(self.entries)))
            return [place for place, entry in enumerate(self.entries) if kind in entry.kinds]
        sought = words.casefold()
        return [place for place, entry in enumerate(self.entries) if sought in entry.sought and kind in entry.kinds]

    def place_of(self, path: Path) -> int | None:
        return self._places.get(path)

    def is_wanted(self, place: int, kind: Kind, words: str) -> bool:
        entry = self.entries[place]
        return kind in entry.kinds and (not words or words.casefold() in entry.sought)

    def undescribed(self) -> list[int]:
        return [place for place, entry in enumerate(self.entries) if not entry.has_caption]

    def settle(self, outcome: Outcome) -> None:
        """Take what came of a file. A caption that a person has written meanwhile stays."""
        if (place := self._places.get(outcome.path)) is None:
            return
        self.waiting.discard(place)
        entry = self.entries[place]
        if outcome.record is None:
            self._put(place, replace(entry, error=str(outcome.error) or type(outcome.error).__name__))
        elif entry.edited and place not in self._again:
            self._put(place, replace(entry, record=outcome.record, error=""))
        else:
            text, record = outcome.record["text"], outcome.record
            reviewed = entry.reviewed and text == entry.text
            self._put(place, replace(entry, text=text, record=record, edited=False, reviewed=reviewed, error=""))
        self._again.discard(place)

    def wait_for(self, places: Iterable[int]) -> None:
        """These are to be described; again where they were: what a person wrote there gives way to what will come."""
        self.waiting.update(places)
        self._again |= {place for place in self.waiting if self.entries[place].has_caption}
        self._changed |= self.waiting

    def wait_no_more(self) -> None:
        self._changed |= self.waiting
        self.waiting.clear()
        self._again.clear()

    def edit(self, place: int, text: str) -> Before:
        """A person's caption, which counts as reviewed."""
        entry, text = self.entries[place], text.strip()
        if text == entry.text and entry.has_caption:
            return {}
        if not text and not entry.has_caption:
            return {}
        self._again.discard(place)
        return self._change({place: replace(entry, text=text, edited=True, reviewed=True, error="")})

    def review(self, places: Iterable[int], is_reviewed: bool) -> Before:
        """What has no caption cannot be reviewed."""
        return self._change(
            {
                place: replace(self.entries[place], reviewed=is_reviewed)
                for place in places
                if self.entries[place].has_caption and self.entries[place].reviewed != is_reviewed
            }
        )

    def replace_words(self, places: Iterable[int], find: str, by: str, *, match_case: bool = False) -> Before:
        """Put `by` in the place of each `find`; whether the captions were reviewed stays as it is."""
        if not find:
            return {}
        sought = re.compile(re.escape(find), 0 if match_case else re.IGNORECASE)
        new = {}
        for place in places:
            entry = self.entries[place]
            text = sought.sub(lambda _: by, entry.text).strip()
            if entry.has_caption and text != entry.text:
                new[place] = replace(entry, text=text, edited=True)
        return self._change(new)

    def mark_written(self, written: Mapping[Path, str]) -> None:
        """These captions stand beside their pictures now."""
        for path, text in written.items():
            if (place := self._places.get(path)) is not None:
                self._put(place, replace(self.entries[place], written=text))

    def put_back(self, before: Before) -> None:
        self._change(before)

    def take_changed(self) -> set[int]:
        """What looks different since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    def take_unkept(self) -> list[Entry]:
        """The entries that are others since this was asked last."""
        places, self._unkept = sorted(self._unkept), set()
        return [self.entries[place] for place in places]

    def _change(self, new: Before) -> Before:
        before = {place: self.entries[place] for place in new}
        for place, entry in new.items():
            self._put(place, entry)
        return before

    def _put(self, place: int, entry: Entry) -> None:
        if (before := self.entries[place].kinds) != entry.kinds:
            for kind in before:
                self.counts[kind] -= 1
            for kind in entry.kinds:
                self.counts[kind] += 1
        self.entries[place] = entry
        _ = entry.sought  # now, and not for thousands at the next search
        self._changed.add(place)
        self._unkept.add(place)
