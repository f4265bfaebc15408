"""What the user has chosen once and for all: the settings as rows of data, and the file that holds them.

Both faces may read them. A value that does not fit its row counts as not chosen. The file
appears whole or not at all; what it holds beside our rows stays in it. Knows no widget.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from app.asking.tasks import tasks

Kind = Literal["switch", "choice", "number", "text", "model"]  # "model": the shelf keeps that one itself


@dataclass(frozen=True)
class Row:
    """One setting. `choices` are (value, title); numbers lie in `least`..`most`, in `unit`, in steps of `step`."""

    key: str
    group: str
    title: str
    kind: Kind
    default: Any
    help: str = ""
    choices: tuple[tuple[Any, str], ...] = ()
    least: float = 0
    most: float = 0
    step: float = 1
    unit: str = ""

    def fits(self, value: Any) -> bool:
        match self.kind:
            case "switch":
                return isinstance(value, bool)
            case "choice":
                return any(value == choice and type(value) is type(choice) for choice, _ in self.choices)
            case "number":
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                return is_number and self.least <= value <= self.most
            case "model":
                return isinstance(value, str)
            case "text":
                return isinstance(value, str) and bool(value.strip())


@cache
def rows() -> dict[str, Row]:
    """Every setting by key, in the order in which they are shown."""
    text = (Path(__file__).parent / "settings.json").read_text(encoding="utf-8")
    made = []
    for row in json.loads(text)["settings"]:
        row["choices"] = tuple((value, title) for value, title in row.get("choices", ()))
        made.append(Row(**row))
    for task in tasks().values():
        made.append(Row(f"prompt.{task.name}", "Prompts", task.help[0].upper() + task.help[1:], "text", task.question))
    return {row.key: row for row in made}


def settings_file() -> Path:
    import platformdirs

    return platformdirs.user_config_path("smolsight", appauthor=False) / "settings.json"


class Settings:
    """Values by key. `problem` is a sentence where the file could not be read: it was set aside, or is left alone."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or settings_file()
        self._values: dict[str, Any] = {}
        self.problem = ""
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise ValueError("it holds no object")
            self._values = values
        except FileNotFoundError:
            pass
        except (ValueError, RecursionError):
            self.problem = f"The settings were damaged and begin anew; the old ones are kept as {self._set_aside()}."
        except OSError as error:
            self.problem = f"The settings in {self._path} could not be read ({error.strerror})."

    def __getitem__(self, key: str) -> Any:
        row = rows()[key]
        value = self._values.get(key, row.default)
        return value if row.fits(value) else row.default

    def put(self, key: str, value: Any) -> None:
        """Choose a value. Raises ValueError for one that does not fit, OSError where it cannot be kept."""
        row = rows()[key]
        if not row.fits(value):
            raise ValueError(f"{row.title} cannot be {value!r}.")
        if value == row.default:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        self._write()

    def reset(self, keys: Sequence[str]) -> None:
        """Choose the defaults again."""
        for key in keys:
            self._values.pop(key, None)
        self._write()

    def _write(self) -> None:
        from mlx_model.whole_file import whole_file

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(self._path, private=True) as file:
            file.write(json.dumps(self._values, indent=1, ensure_ascii=False).encode() + b"\n")

    def _set_aside(self) -> Path:
        aside = self._path.with_name(f"{self._path.stem}-damaged{self._path.suffix}")
        self._path.replace(aside)
        return aside
