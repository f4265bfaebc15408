"""Whether a model's files still are what they were: bytes against checksums, headers, shapes, numbers.

The hub's cache names every file by its checksum, the catalogue has some more; a converted folder has none, so there
headers, names, shapes and the finiteness of every weight have to do. Mends nothing: says what would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.shelf.catalogue import known_as
from app.shelf.checksums import checksum, is_checksum
from app.shelf.finding import EMBEDDED, Installed, models_folder
from app.shelf.hub_cache import cache_folder
from mlx_model.errors import ModelError

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Verdict:
    """`problems` are sentences, none for a model that is whole; `mend` is what to do about them, if there are any.

    `checksums` is the number of files whose bytes were compared, `files` that of all.
    """

    name: str
    files: int
    checksums: int
    problems: tuple[str, ...]
    mend: str | None


def verify(installed: Installed, progress: Progress = lambda done, total: None) -> Verdict:
    """Read every file of a model.

    `progress(bytes, bytes in all)` counts the files that have a checksum; what it raises stops.
    """
    folder = installed.folder
    expected = _expected(installed)
    total, done, problems = sum(path.stat().st_size for path in expected), 0, []
    for path, known in expected.items():
        if checksum(path, known) != known:
            problems.append(f"{path} holds other bytes than it should: its checksum is wrong.")
        done += path.stat().st_size
        progress(done, total)
    if problem := _problem_with_weights(folder, lambda: progress(done, total)):
        problems.append(problem)
    files = sum(path.is_file() for path in folder.iterdir())
    mend = _mend(installed) if problems else None
    return Verdict(installed.name, files, len(expected), tuple(problems), mend)


def _expected(installed: Installed) -> dict[Path, str]:
    """Each file with a known checksum."""
    known = known_as(installed.name)
    expected = {}
    for path in sorted(installed.folder.iterdir()):
        if not path.is_file():
            continue
        blob = path.readlink().name if path.is_symlink() else ""
        if known and path.name in known.sha256:
            expected[path] = known.sha256[path.name]
        elif is_checksum(blob):
            expected[path] = blob
    return expected


def _problem_with_weights(folder: Path, look: Callable[[], None]) -> str | None:
    """In a process of its own: MLX belongs to one thread, and the memory is given back."""
    from app.own_process import ProcessError, in_own_process

    try:
        in_own_process("Checking", _check, folder, look)
    except (ModelError, ProcessError) as error:
        return str(error)
    return None


def _check(folder: Path) -> None:
    from mlx_model.loading.checkpoint import check

    check(folder)


def _mend(installed: Installed) -> str:
    if installed.name == EMBEDDED:
        return "Install Smolsight again."
    folder = installed.folder.resolve()
    if folder.is_relative_to(cache_folder().resolve()):
        return f"To fetch what is broken anew: smolsight models get {installed.name} --again"
    if folder.is_relative_to(models_folder().resolve()):
        source, _, bits = installed.name.removesuffix("bit").rpartition("-")
        if source and bits.isdigit():
            return f"To convert it again: smolsight convert {source} --bits {bits} --force"
    return "Get the folder again from where it came."
