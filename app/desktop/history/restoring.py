"""A kept conversation becomes one that can be shown and gone on with. For the history's thread."""

from pathlib import Path

from app.conversation import Conversation, Turn
from app.desktop.shown_medium import ShownMedium, open_shown
from app.history import HistoryStore, SavedMedium, SavedTurn
from app.tasks import tasks
from mlx_model.errors import InputError


def restore(store: HistoryStore, key: str) -> Conversation | None:
    """None where it is not there any more. A picture or clip that is gone is left out, and its turn says so."""
    saved = store.read(key)
    if saved is None:
        return None
    turns = [_turn(store, turn) for turn in saved.turns]
    return Conversation(saved.id, saved.title if saved.named else "", turns)


def _turn(store: HistoryStore, saved: SavedTurn) -> Turn:
    media, missing = [], []
    for medium in saved.media:
        try:
            media.append(_medium(store, medium))
        except InputError as error:
            missing.append(f"{medium.name} can no longer be shown: {error}")
    return Turn(
        question=saved.question,
        media=tuple(media),
        task=tasks().get(saved.task or ""),
        answer=saved.answer,
        state=saved.state,
        record=saved.record,
        note=" ".join(filter(None, (saved.note, *missing))),
    )


def _medium(store: HistoryStore, saved: SavedMedium) -> ShownMedium:
    path = store.pictures.path(saved.file) if saved.kind == "picture" else Path(saved.file)
    shown = open_shown(path, saved.name)
    if saved.start is None or saved.end is None or shown.span is None:
        return shown
    return shown.within(shown.span.ending(saved.end).starting(saved.start))
