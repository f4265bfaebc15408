"""`make bundle`: Smolsight.app in a .dmg, with Briefcase. Only a Mac can make it, and only a Mac can run it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = (
    ["create", "macOS", "--no-input"],
    ["build", "macOS", "--no-input"],
    ["package", "macOS", "--adhoc-sign", "--packaging-format", "dmg", "--no-input"],
)


def main() -> None:
    if sys.platform != "darwin":
        sys.exit("make bundle needs a Mac: Briefcase builds and signs a macOS app with Apple's own tools.")
    for step in STEPS:
        subprocess.run([sys.executable, "-m", "briefcase", *step], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
