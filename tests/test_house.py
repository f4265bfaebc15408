"""The house itself: what the documents say is what the code is, and start-up stays quick."""

import ast
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.shelf import EMBEDDED, catalogue
from tools import lock_constraints, quotes

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = ("app", "assets", "convert", "mlx_model")
# Names under which a distribution is imported, where they differ from its own.
IMPORTED_AS = {"opencv-python": "cv2", "pillow": "PIL", "pyside6-essentials": "PySide6"}


def distributions(requirements: list[str]) -> set[str]:
    names = [re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements]
    return {name[0].lower() for name in names if name}


def declared() -> set[str]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    return distributions(PROJECT["project"]["dependencies"] + [name for extra in extras for name in extra])


def tracked_files() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def texts(*suffixes: str) -> list[Path]:
    return [path for path in tracked_files() if path.suffix in suffixes]


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def run(*command: str) -> str:
    return subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "page",
    [quotes.README, quotes.MAP, quotes.CLI_REFERENCE, quotes.DETAIL, quotes.PERFORMANCE],
    ids=lambda page: str(page.name),
)
def test_a_page_that_quotes_the_program_quotes_it_as_it_is(page: Path) -> None:
    if page.read_text(encoding="utf-8") != quotes.pages()[page]:
        pytest.fail(f"{page.name} quotes what is no longer so: run `make fix`")


def test_the_list_of_models_has_every_short_name() -> None:
    listed = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "models.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [known.name for known in catalogue()] + [EMBEDDED]


@pytest.mark.parametrize("package", [*SHIPPED, "tools"])
def test_every_module_says_what_it_does(package: str) -> None:
    silent = [str(path) for path in modules(package) if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent


def test_every_dependency_has_a_reason_in_the_docs() -> None:
    explained = re.findall(r"^- `([a-z0-9-]+)`", (ROOT / "docs" / "dependencies.md").read_text("utf-8"), re.MULTILINE)
    groups = [name for group in PROJECT["dependency-groups"].values() for name in group]
    assert sorted(explained) == sorted(declared() | distributions(groups))


@pytest.mark.parametrize("package", SHIPPED)
def test_what_is_shipped_imports_only_declared_dependencies(package: str) -> None:
    allowed = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in declared()}
    allowed |= {*SHIPPED, *sys.stdlib_module_names}
    imported = {name.partition(".")[0] for path in modules(package) for name, _ in imports(path)}
    assert imported <= allowed


def test_the_app_imports_the_model_and_the_converter_late() -> None:
    """But for two that are light: an edge has to name what it catches, an option the values that it takes."""
    light = ("mlx_model.errors", "convert.recipe")
    early = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules("app")
        for name, at_top in imports(path)
        if at_top and name.partition(".")[0] in ("convert", "mlx_model") and name not in light
    ]
    assert not early


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["describe", "--help"],
        ["convert", "--help"],
        ["bench", "--help"],
        ["doctor", "--help"],
        ["models", "--help"],
        ["models", "get", "--help"],
        ["models", "info", "--help"],
        ["app", "--help"],
    ],
    ids=" ".join,
)
def test_help_imports_neither_mlx_nor_pictures(arguments: list[str]) -> None:
    heavy = ("mlx.core", "numpy", "PIL", "cv2", "tokenizers", "jinja2", "huggingface_hub", "rich", "PySide6")
    script = (
        "import sys\n"
        "from app.cli.main import smolsight\n"
        "try:\n"
        f"    smolsight({arguments!r}, prog_name='smolsight')\n"
        "except SystemExit as end:\n"
        f"    print(end.code, [name for name in {heavy!r} if name in sys.modules])"
    )
    printed = run("-c", script)
    assert printed.startswith("Usage: smolsight")
    assert printed.endswith("0 []\n")


def test_a_colour_stands_in_the_palettes_and_in_icons_alone() -> None:
    literal = re.compile(r"""["'(:\s]#[0-9a-fA-F]{3,8}\b|rgba?\(|QColor\(\d""")
    found = [
        path.name
        for path in (ROOT / "app" / "desktop").rglob("*.*")
        if path.suffix in (".py", ".qss") and literal.search(path.read_text("utf-8"))
    ]
    assert not found


def test_the_version_is_one() -> None:
    version = PROJECT["project"]["version"]
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    assert [package["version"] for package in locked if package["name"] == "smolsight"] == [version]
    assert run("-m", "app.cli.main", "--version").split() == ["smolsight", version]


def test_the_lock_names_the_public_index_alone() -> None:
    hosts = set(re.findall(r"(?:https?|file)://[^/\"]*", (ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}


def test_pip_gets_every_version_of_the_lock() -> None:
    lines = lock_constraints.constraints((ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert {name.partition("==")[0] for name in lines} >= declared()
    assert len(lines) == len({name.partition("==")[0] for name in lines})


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in texts(".md")
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    somebodys = re.compile(r"(?<![\w.<}])/(?:work|root|Users|home)/[\w.]")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in texts(".py", ".md", ".toml", ".json", ".yml", ".txt", "")
        for match in somebodys.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_a_test_cannot_leave_the_machine() -> None:
    with pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    with pytest.raises(AssertionError, match="huggingface"):
        socket.create_connection(("huggingface.co", 443), timeout=1)


def imports(path: Path) -> list[tuple[str, bool]]:
    """Every absolute import of a module, and whether it runs when the module is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_top = {id(node) for node in tree.body}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in at_top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, id(node) in at_top))
    return found
