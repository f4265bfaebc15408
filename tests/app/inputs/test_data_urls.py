"""An address may hold a picture; whatever else it holds is none."""

import base64

import pytest

from app.inputs.data_urls import picture_in_address, picture_in_page

HELD = base64.b64encode(b"pixels").decode()


@pytest.mark.parametrize(
    ("address", "content"),
    [
        (f"data:image/png;base64,{HELD}", b"pixels"),
        (f"DATA:image/svg+xml;charset=utf-8;base64,{HELD}", b"pixels"),
        ("data:image/svg+xml,%3Csvg%2F%3E", b"<svg/>"),
        (f"data:text/html;base64,{HELD}", None),
        ("data:image/png;base64,A", None),
        ("https://example.org/cat.png", None),
        ("", None),
    ],
)
def test_only_a_picture_is_taken_out_of_an_address(address: str, content: bytes | None) -> None:
    assert picture_in_address(address) == content


def test_of_a_page_the_first_picture_that_it_brings_along_is_taken() -> None:
    page = f'<p><img src="https://example.org/a.png"><IMG alt="x" SRC="data:image/png;base64,{HELD}"></p>'
    assert picture_in_page(page) == b"pixels"
    assert picture_in_page("<p>no picture</p>") is None
