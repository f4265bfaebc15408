"""How long `smolsight app` takes from its process to its painted window, stage by stage, on the wall clock.

    python -m tools.startup --times 5

Each start is a process of its own through the command line's own entry, with its settings and history in an empty
folder. The first start, which reads the disk, is not counted. On Linux the window opens on a screen of its own (Xvfb)
where there is one, else offscreen. On a busy machine most of it is waiting for a core: Linux counts that, and it is
named beside each figure. Exit code 1 where the median until the window is painted, without it, is above the limit.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMIT = 0.8  # seconds
SCREEN = ["xvfb-run", "--auto-servernum", "--server-args=-screen 0 1440x900x24 -dpi 96"]
STAGES = {
    "interpreter": "Python runs",
    "imported": "the window's modules are there",
    "application": "Qt is there",
    "window": "the window is made",
    "painted": "the window is painted",
    "model": "the embedded checkpoint is loaded",
}

START = """
import time
marks = {}

def mark(stage):
    try:
        waited = int(open("/proc/thread-self/schedstat").read().split()[1]) / 1e9
    except OSError:
        waited = 0.0
    marks.setdefault(stage, (time.time(), waited))

mark("interpreter")
import json, sys
from app.desktop import application
mark("imported")
make_application, make_window, begin = application.make_application, application.make_window, application.begin

def made_application(**looks):
    made = make_application(**looks)
    mark("application")
    return made

def made_window(*args, **kwargs):
    window = make_window(*args, **kwargs)
    mark("window")
    window.first_painted.connect(lambda: mark("painted"))
    window.services.models.ready.connect(lambda: end(window))
    return window

def end(window):
    mark("model")
    print(json.dumps(marks))
    window.close()

application.make_application, application.make_window = made_application, made_window
from app.cli.main import main
sys.argv = ["smolsight", "app", "--model", "embedded"]
main()
"""


def start(folder: Path, screen: str | None) -> dict[str, tuple[float, float]]:
    """One start: for each stage the seconds from the process's start, and how many of them it waited for a core."""
    # Without PYTHONDONTWRITEBYTECODE, as an installed program's modules are compiled once.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    environment |= {"SMOLSIGHT_MODELS": str(folder / "models"), "SMOLSIGHT_CACHE": str(folder / "cache")}
    if sys.platform == "linux":
        environment |= {"QT_QPA_PLATFORM": "xcb", "DISPLAY": screen} if screen else {"QT_QPA_PLATFORM": "offscreen"}
    begun = time.time()
    command = [sys.executable, "-c", START]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return {stage: (at - begun, waited) for stage, (at, waited) in json.loads(done.stdout.splitlines()[-1]).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds until the window is painted")
    arguments = parser.parse_args()
    screen = os.environ.get("DISPLAY")
    if sys.platform == "linux" and not screen and shutil.which(SCREEN[0]):
        command = [*SCREEN, sys.executable, "-m", "tools.startup", *sys.argv[1:]]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    with tempfile.TemporaryDirectory(prefix="smolsight-") as folder:
        starts = [start(Path(folder), screen) for _ in range(arguments.times + 1)][1:]
    where = "a screen" if screen or sys.platform != "linux" else "no screen (offscreen)"
    sys.stdout.write(f"{arguments.times} starts on {where}, medians in seconds from the start of the process:\n")
    sys.stdout.write("clock  without waiting for a core\n")
    for stage, words in STAGES.items():
        clock = statistics.median(marks[stage][0] for marks in starts)
        sys.stdout.write(f"{clock:5.2f}  {own_time(starts, stage):5.2f}  {words}\n")
    return int(own_time(starts, "painted") > arguments.limit)


def own_time(starts: list[dict[str, tuple[float, float]]], stage: str) -> float:
    return statistics.median(at - waited for at, waited in (marks[stage] for marks in starts))


if __name__ == "__main__":
    sys.exit(main())
