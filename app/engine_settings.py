"""The settings that an engine has to know: how words are drawn, and what may be kept for later. Knows no Qt."""

from typing import TYPE_CHECKING, Any

from app.remembering import SETTING, engine_options
from app.settings import Settings

if TYPE_CHECKING:
    from mlx_model.protocol import Limit

DRAWING = ("temperature", "top_p", "min_p", "repetition_penalty")
LIMITS = ("idle_minutes", "memory_mb", "session_mb", SETTING)
MB = 2**20


def drawing(settings: Settings) -> dict[str, Any]:
    """How words are drawn, by the names that `Sampling` and `Question` have for it."""
    return {key: float(settings[key]) for key in DRAWING}


def limit(settings: Settings) -> "Limit":
    """What the engine may keep, and for how long."""
    from mlx_model.protocol import Limit

    return Limit(
        idle_seconds=60.0 * settings["idle_minutes"] or None,
        feature_bytes=int(settings["memory_mb"]) * MB,
        session_bytes=int(settings["session_mb"]) * MB,
        **engine_options(int(settings[SETTING]) * MB),
    )
