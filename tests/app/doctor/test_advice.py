"""Which size is advised for which machine."""

from app.doctor.advice import advise
from tests.app.doctor.measurements import machine

GB = 10**9


def test_a_quick_machine_with_room_takes_the_largest_as_it_is() -> None:
    advice = advise(machine(metal=True), 64 * GB)
    assert (advice.name, advice.bits, advice.fits) == ("2.2b", 16, True)
    assert advice.command == "smolsight models get 2.2b"


def test_less_memory_takes_fewer_bits_before_a_smaller_size() -> None:
    advice = advise(machine(metal=True), 6 * GB)
    assert (advice.name, advice.bits, advice.fits) == ("2.2b", 8, True)
    assert advice.command == "smolsight convert 2.2b --bits 8"


def test_a_slow_machine_takes_a_smaller_size() -> None:
    assert advise(machine(metal=True, slowness=12), 64 * GB).name == "500m"


def test_on_a_cpu_packing_is_not_advised() -> None:
    assert advise(machine(), 64 * GB).bits == 16
    assert advise(machine(), 6 * GB).name == "500m"


def test_where_nothing_fits_the_smallest_is_named_with_a_warning() -> None:
    advice = advise(machine(metal=True, slowness=1000), 64 * GB)
    assert (advice.name, advice.bits, advice.fits) == ("256m", 4, False)
    assert not advise(machine(metal=True), GB // 10).fits
