"""Print uv.lock as constraints for pip, so that an installation without uv gets the same versions.

Run with any Python that has tomllib; knows nothing of what is installed.
"""

import sys
import tomllib
from pathlib import Path

LOCK = Path(__file__).parents[1] / "uv.lock"


def constraints(lock: str) -> list[str]:
    """One `name==version` for each locked package that comes from an index, in the lock's order."""
    packages = tomllib.loads(lock)["package"]
    return [f"{package['name']}=={package['version']}" for package in packages if "registry" in package["source"]]


if __name__ == "__main__":
    sys.stdout.write("\n".join(constraints(LOCK.read_text())) + "\n")
