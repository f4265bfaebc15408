"""Rate and time left, in words."""

from app.shelf.transfer_rate import TransferRate


def test_the_rate_is_that_of_the_last_seconds_and_what_was_here_before_counts_for_nothing() -> None:
    rate = TransferRate()
    assert rate.words(50_000_000, 100_000_000, 0.0) == "50.0 MB of 100.0 MB"
    assert rate.words(60_000_000, 100_000_000, 2.0) == "60.0 MB of 100.0 MB · 5.0 MB/s · 8 s left"


def test_work_of_another_kind_says_what_it_does_before_and_after_its_bytes() -> None:
    rate = TransferRate("Looking…", "Written; now it is checked…")
    said = [
        rate.words(done, total, now)
        for now, (done, total) in enumerate([(0, 0), (50_000_000, 100_000_000), (100_000_000, 100_000_000)])
    ]
    assert said == ["Looking…", "50.0 MB of 100.0 MB", "Written; now it is checked…"]


def test_before_the_hub_has_answered_it_says_so() -> None:
    assert TransferRate().words(0, 0, 0.0) == "Asking the hub…"
