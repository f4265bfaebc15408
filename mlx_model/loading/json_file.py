"""Reading a checkpoint's JSON so that whatever is wrong with it is said with the file and the key."""

import json
import math
from pathlib import Path
from typing import Any, TypeVar

from mlx_model.errors import CheckpointError, RefusedError

T = TypeVar("T")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; CheckpointError where it is missing, unreadable or not an object."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: the folder is no whole checkpoint. Download or convert it again."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} could not be read as JSON ({error}). Download or convert it again.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds a {type(value).__name__}, not an object. Download or convert it again.")
    return value


class Section:
    """One JSON object whose missing or mistyped keys are reported by file and full name."""

    def __init__(self, values: dict[str, Any], path: Path, name: str = "") -> None:
        self.values, self.path, self.name = values, path, name

    def _label(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def get(self, key: str, kind: type[T], default: T | None = None) -> T:
        """The value of a key; JSON's null is as good as absent."""
        value = self.values.get(key)
        value = default if value is None else value
        if value is None:
            raise CheckpointError(
                f"{self.path} lacks '{self._label(key)}': the model cannot be built without it. Get the file again."
            )
        if kind is float and type(value) is int and abs(value) < 2**53:
            value = float(value)
        is_finite = not isinstance(value, float) or math.isfinite(value)
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool) or not is_finite:
            raise CheckpointError(f"{self.path}: '{self._label(key)}' is {value!r}, expected a {kind.__name__}.")
        return value

    def positive(self, key: str, default: int | None = None) -> int:
        value = self.get(key, int, default)
        if not 0 < value < 2**31:  # what MLX can count to
            raise CheckpointError(f"{self.path}: '{self._label(key)}' is {value}, expected a positive 32-bit number.")
        return value

    def token_ids(self, key: str) -> tuple[int, ...]:
        """A token's id, or a list of them; none where the key is absent."""
        value = self.values.get(key)
        ids = [] if value is None else value if isinstance(value, list) else [value]
        if any(type(token_id) is not int for token_id in ids):
            raise CheckpointError(
                f"'{self._label(key)}' in {self.path} is {value!r}, not an id or a list of ids. Get the file again."
            )
        return tuple(ids)

    def section(self, key: str) -> "Section":
        return Section(self.get(key, dict), self.path, self._label(key))

    def only(self, key: str, allowed: str) -> None:
        """Refuse a value that would need another architecture; absent means the reference's default, `allowed`."""
        if (value := self.values.get(key)) not in (None, allowed):
            raise RefusedError(f"{self.path}: '{self._label(key)}' is {value!r}, and only {allowed!r} is supported.")
