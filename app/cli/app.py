"""`smolsight app`: the window. Qt is imported here alone, when the command is called."""

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--model", help="The model that answers first; as for describe.")
@click.option("--dark", is_flag=True, help="Dark, whatever the system has.")
@click.option("--screenshot", type=click.Path(path_type=Path), metavar="OUT.png", help="Take a picture, and quit.")
@click.option("--scene", default="", help="What the picture shows: empty, chat (the default with files), detail, ...")
def app(files: tuple[Path, ...], model: str | None, dark: bool, screenshot: Path | None, scene: str) -> int:
    """Open the window to look at things and talk about them.

    Each FILE is a picture or a clip to begin with. A second start hands its files to the window that is open already.
    With --screenshot the files are described, the window is photographed and closed; nothing of the user's is touched.
    """
    if screenshot is None:
        if scene:
            raise click.UsageError("--scene is for --screenshot.")
        from app.desktop.application import run

        return run(files, model, dark=dark or None)
    from app.desktop.screenshots.scenes import SCENES
    from app.desktop.screenshots.take import take_screenshot

    scene = scene or ("chat" if files else "empty")
    if scene not in SCENES:
        raise click.UsageError(f"There is no scene {scene!r}; there are: {', '.join(SCENES)}.")
    take_screenshot(screenshot, scene, files, model, dark=dark)
    return 0
