"""Whether this machine runs on its battery. False where that is not known, as for one without."""

import subprocess
import sys
from pathlib import Path

LINUX_SUPPLIES = Path("/sys/class/power_supply")


def on_battery() -> bool:
    """Starts a program on a Mac: for a thread in the background."""
    if sys.platform == "darwin":
        try:
            done = subprocess.run(["pmset", "-g", "batt"], capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.SubprocessError):
            return False
        return "'Battery Power'" in done.stdout
    return any(_says(battery / "status") == "Discharging" for battery in _batteries())


def _batteries() -> list[Path]:
    """Those of the machine: a mouse's or headset's has the scope of a device."""
    supplies = LINUX_SUPPLIES.iterdir() if LINUX_SUPPLIES.is_dir() else ()
    return [path for path in supplies if _says(path / "type") == "Battery" and _says(path / "scope") != "Device"]


def _says(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
