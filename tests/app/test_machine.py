"""What is known of the machine, on Linux for real and on macOS from what its tools print."""

import sys

import pytest

from app import machine

VM_STAT = """\
Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                                5000.
Pages active:                            400000.
Pages inactive:                          100000.
Pages speculative:                         2000.
Pages purgeable:                            500.
"File-backed pages":                     200000.
"""


def test_free_memory_is_less_than_all_of_it() -> None:
    assert 0 < machine.free_memory() < machine.total_memory()


def test_the_processor_has_a_name_and_a_number_of_cores() -> None:
    assert machine.processor().endswith(" cores")


def test_free_memory_of_a_mac_is_what_vm_stat_can_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(machine, "_output", lambda *command: VM_STAT)
    assert machine.free_memory() == 16384 * (5000 + 100000 + 2000 + 500)


def test_a_tool_that_is_missing_is_no_failure() -> None:
    assert machine._output("no-such-tool-here") == ""
