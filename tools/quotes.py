"""What the docs quote of the program: the README's tree, from the modules' first lines, and docs/cli.md, from `--help`.

`python -m tools.quotes` rewrites both (`make fix` does); a test compares them. Knows nothing of prose around them.
"""

import ast
import re
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CLI_REFERENCE = ROOT / "docs" / "cli.md"
PACKAGES = ("app", "mlx_model", "convert", "assets", "tools")
PURPOSE_COLUMN = 26
BELOW_THE_PACKAGES = (
    ("assets/embedded/", "The checkpoint that is used when no other model is installed."),
    ("assets/samples/", "The pictures of `make demo`."),
    ("tests/", "Mirrors the packages; `parity/` compares with stored numbers of the reference."),
    ("docs/", "What a user reads beyond this page; `decisions/` is what was argued and settled."),
)
TREE = re.compile(r"(?<=<!-- tree: written by `make fix` -->\n```text\n).*?(?=```)", re.DOTALL)


def tree() -> str:
    """One line for each package and module: its path and the first line of its docstring."""
    lines = []
    for package in PACKAGES:
        modules = sorted((ROOT / package).rglob("*.py"), key=lambda module: (module.parent, module.stem))
        for module in modules:
            parts = module.relative_to(ROOT).parts
            name = parts[-2] + "/" if parts[-1] == "__init__.py" else parts[-1]
            depth = len(parts) - (2 if parts[-1] == "__init__.py" else 1)
            lines.append(_line("  " * depth + name, _purpose(module)))
    return "".join(lines + [_line(name, purpose) for name, purpose in BELOW_THE_PACKAGES])


def cli_reference() -> str:
    """The help of every command, as a Markdown page."""
    from app.cli.main import smolsight

    pages = ["# The command line\n\nThe program's own words: this page is written from `--help`.\n"]
    root = click.Context(smolsight, info_name="smolsight", max_content_width=100)
    pages.append(_page(smolsight, root))
    for name in smolsight.list_commands(root):
        command = smolsight.get_command(root, name)
        assert command is not None, f"the group lists {name}"
        pages.append(_page(command, click.Context(command, info_name=name, parent=root, max_content_width=100)))
    return "\n".join(pages)


def _line(name: str, purpose: str) -> str:
    return f"{name:<{PURPOSE_COLUMN}}{purpose}\n"


def _purpose(module: Path) -> str:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _page(command: click.Command, context: click.Context) -> str:
    help_text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## `{context.command_path}`\n\n```text\n{help_text}\n```\n"


def main() -> None:
    README.write_text(TREE.sub(lambda _: tree(), README.read_text(encoding="utf-8")), encoding="utf-8")
    CLI_REFERENCE.write_text(cli_reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
