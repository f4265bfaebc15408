"""What this machine is: its processor, its memory and how much of that is free. No MLX, no measurement."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path


def total_memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def free_memory() -> int:
    """Bytes that a program can still take without others being moved to disk."""
    if sys.platform == "darwin":
        return _free_by_vm_stat(_output("vm_stat"))
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1024


def processor() -> str:
    """The processor's name, as "Apple M4 Pro", with the number of its cores."""
    return f"{_processor_name() or platform.machine()}, {os.cpu_count()} cores"


def _processor_name() -> str:
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string").strip()
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def _free_by_vm_stat(printed: str) -> int:
    """Pages that are free, or hold what macOS gives up first, times the page's size that the first line states."""
    size = re.search(r"page size of (\d+) bytes", printed)
    pages = re.findall(r"^Pages (?:free|inactive|speculative|purgeable): +(\d+)\.", printed, re.MULTILINE)
    return int(size[1]) * sum(map(int, pages)) if size else 0


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
