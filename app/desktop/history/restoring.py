"""A kept conversation becomes one that can be shown and gone on with. For the history's thread."""

from pathlib import Path

from app.asking.tasks import tasks
from app.conversation import Absent, Conversation, Turn
from app.desktop.shown_medium import ShownMedium, open_shown
from app.history import HistoryStore, SavedMedium, SavedTurn
from mlx_model.errors import InputError


def restore(store: HistoryStore, key: str) -> Conversation | None:
    """None where it is not there any more. A turn says which of its pictures and clips cannot be opened."""
    saved = store.read(key)
    if saved is None:
        return None
    turns = [_turn(store, turn) for turn in saved.turns]
    return Conversation(saved.id, saved.title if saved.named else "", turns)


def _turn(store: HistoryStore, saved: SavedTurn) -> Turn:
    media, absent = [], []
    for medium in saved.media:
        try:
            media.append(_medium(store, medium))
        except InputError as error:
            absent.append(Absent(f"{medium.name} cannot be shown now: {error}", medium))
    return Turn(
        question=saved.question,
        media=tuple(media),
        task=tasks().get(saved.task or ""),
        answer=saved.answer,
        state=saved.state,
        record=saved.record,
        note=saved.note,
        alone=saved.alone,
        absent=tuple(absent),
    )


def _medium(store: HistoryStore, saved: SavedMedium) -> ShownMedium:
    path = store.pictures.path(saved.file) if saved.kind == "picture" else Path(saved.file)
    shown = open_shown(path, saved.name)
    if saved.start is None or saved.end is None or shown.span is None:
        return shown
    return shown.within(shown.span.ending(saved.end).starting(saved.start))
