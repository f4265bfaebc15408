"""What the docs quote of the program: the tree, the command line's help, what each detail and each checkpoint costs.

`python -m tools.quotes` writes them anew (`make fix` does); a test compares. Knows nothing of the prose around them.
"""

import ast
import re
from pathlib import Path

import click

from mlx_model.config import ImageConfig
from mlx_model.media.images import Detail, Plan, plan
from tools.published_counts import published_tables

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MAP = ROOT / "docs" / "map.md"
CLI_REFERENCE = ROOT / "docs" / "cli.md"
DETAIL = ROOT / "docs" / "detail.md"
PERFORMANCE = ROOT / "docs" / "performance.md"
PACKAGES = ("app", "mlx_model", "convert", "assets", "tools")
PURPOSE_COLUMN = 26
TERMINAL_WIDTH = 100
TOKENS_PER_TILE = 64
BELOW_THE_PACKAGES = (
    ("assets/embedded/", "The checkpoint that is used when no other model is installed."),
    ("assets/self_test/", "What `smolsight doctor --self-test` holds a machine against."),
    ("assets/samples/", "The pictures of `make demo`."),
    ("tests/", "Mirrors the packages; `parity/` compares with stored numbers of the reference."),
    ("docs/", "What a user reads beyond this page; `decisions/` is what was argued and settled."),
)
PICTURES = {
    "icon, 256 x 256": (256, 256),
    "web photo, 640 x 480": (640, 480),
    "video still, 1280 x 720": (1280, 720),
    "laptop's screen, 3024 x 1964": (3024, 1964),
    "phone's screenshot, 1170 x 2532": (1170, 2532),
    "phone's photo, 4032 x 3024": (4032, 3024),
}
WRITTEN = re.compile(r"(?<=<!-- written by `make fix` -->\n).*?(?=<!-- end -->)", re.DOTALL)


def pages() -> dict[Path, str]:
    """Each page that quotes the program, as it should be."""
    return {
        README: _with_quote(README, f"```text\n{rooms()}```\n"),
        MAP: _with_quote(MAP, f"```text\n{tree()}```\n"),
        DETAIL: _with_quote(DETAIL, detail_table()),
        PERFORMANCE: _with_quote(PERFORMANCE, published_tables()),
        CLI_REFERENCE: cli_reference(),
    }


def rooms() -> str:
    """One line for each package: its path and the first line of its docstring."""
    return "".join([_entry(module) for module in _modules() if _is_room(module)] + _below())


def tree() -> str:
    """One line for each package and module: its path and the first line of its docstring."""
    return "".join([_entry(module) for module in _modules()] + _below())


def _modules() -> list[Path]:
    """Every module, a package's own before those in it, and files before the packages beside them."""
    found = [module for package in PACKAGES for module in (ROOT / package).rglob("*.py")]
    order = {package: place for place, package in enumerate(PACKAGES)}
    return sorted(found, key=lambda module: (order[module.relative_to(ROOT).parts[0]], module.parent, module.stem))


def _is_room(module: Path) -> bool:
    return module.name == "__init__.py"


def _entry(module: Path) -> str:
    parts = module.relative_to(ROOT).parts
    name, depth = (parts[-2] + "/", len(parts) - 2) if _is_room(module) else (parts[-1], len(parts) - 1)
    return _line("  " * depth + name, _purpose(module))


def _below() -> list[str]:
    return [_line(name, purpose) for name, purpose in BELOW_THE_PACKAGES]


def cli_reference() -> str:
    """The help of every command, as a Markdown page."""
    from app.cli.main import smolsight

    pages = ["# The command line\n\nThe program's own words: this page is written from `--help`.\n"]
    root = smolsight.make_context("smolsight", [], resilient_parsing=True, terminal_width=TERMINAL_WIDTH)
    return "\n".join(pages + _pages(smolsight, root))


def detail_table() -> str:
    """Grid and tokens of some pictures at each detail, with the 256M and 500M checkpoints' tiles."""
    config = ImageConfig(tile=512, longest_edge=2048, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    rows = ["| picture | `low` | `auto` | `high` |", "|---|---|---|---|"]
    for name, (width, height) in PICTURES.items():
        details: tuple[Detail, ...] = ("low", "auto", "high")
        costs = [_cost(plan(width, height, detail, config)) for detail in details]
        rows.append(f"| {name} | {' | '.join(costs)} |")
    return "\n".join(rows) + "\n"


def _cost(planned: Plan) -> str:
    grid = f"{planned.cols} x {planned.rows} + 1 tiles" if planned.rows else "1 tile"
    return f"{grid}, {planned.tiles * TOKENS_PER_TILE} tokens"


def _with_quote(page: Path, quote: str) -> str:
    return WRITTEN.sub(lambda _: quote, page.read_text(encoding="utf-8"))


def _line(name: str, purpose: str) -> str:
    return f"{name:<{PURPOSE_COLUMN}}{purpose}\n"


def _purpose(module: Path) -> str:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _pages(command: click.Command, context: click.Context) -> list[str]:
    """A command's own page, and those of the commands below it."""
    pages = [_page(command, context)]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, f"the group lists {name}"
            pages += _pages(below, below.make_context(name, [], parent=context, resilient_parsing=True))
    return pages


def _page(command: click.Command, context: click.Context) -> str:
    help_text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## `{context.command_path}`\n\n```text\n{help_text}\n```\n"


def main() -> None:
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
