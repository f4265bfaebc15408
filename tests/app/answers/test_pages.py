"""A document model's markup as Markdown, HTML and JSON, by docling-core itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers.pages import FORMS, as_page, closed

PAGE = """<doctag><page_header><loc_9><loc_9><loc_9><loc_9>Journal</page_header>
<section_header_level_1><loc_9><loc_9><loc_9><loc_9>Results</section_header_level_1>
<text><loc_9><loc_9><loc_9><loc_9>Small models read pages.</text>
<unordered_list><list_item><loc_9><loc_9><loc_9><loc_9>quickly</list_item></unordered_list>
<otsl><loc_9><loc_9><loc_9><loc_9><ched>Name<ched>Size<nl><fcel>A<fcel>1<nl></otsl>"""
WORDS = ("## Results", "Small models read pages.", "- quickly", "| A ")
TAGS = (
    "<doctag>",
    "<text>",
    "</text>",
    "<otsl>",
    "</otsl>",
    "<fcel>",
    "<lcel>",
    "<ucel>",
    "<nl>",
    "<loc_3>",
    "word",
    "<",
)


def test_a_page_becomes_markdown() -> None:
    page = as_page(PAGE, "markdown")
    assert all(words in page for words in WORDS)
    assert "Journal" not in page and "<" not in page, "headers of every page are no part of the text"


def test_a_page_becomes_html_with_its_table() -> None:
    page = as_page(PAGE, "html")
    assert "<table>" in page and "<h2>Results</h2>" in page and "loc_9" not in page


def test_a_page_becomes_json_with_its_places() -> None:
    page = json.loads(as_page(PAGE, "json"))
    assert page["texts"][1]["text"] == "Results" and page["texts"][1]["prov"][0]["bbox"]


def test_as_doctags_a_page_stays_as_it_is() -> None:
    assert as_page(PAGE, "doctags") == PAGE


@pytest.mark.parametrize(
    ("cut", "kept"),
    [
        ("<doctag><text><loc_1><loc_2><loc_3><loc_4>cut in the mid", "cut in the mid"),
        ("<doctag><text><loc_1><loc_2><loc_3><loc_4>before a tag<loc", "before a tag"),
        ("<doctag><otsl><ched>Name<ched>Size<nl><fcel>A<fcel>1", "| A "),
        ("<doctag><unordered_list><list_item><loc_1><loc_2><loc_3><loc_4>one", "- one"),
    ],
)
def test_an_answer_that_was_cut_off_keeps_its_last_words(cut: str, kept: str) -> None:
    assert kept in as_page(cut, "markdown")


@pytest.mark.parametrize("answer", ["", "There is no page here.", "<doctag></doctag>", "2 < 3"])
def test_an_answer_without_a_page_stays_as_it_is(answer: str) -> None:
    assert as_page(answer, "markdown") == answer


def test_what_is_closed_already_stays_so() -> None:
    whole = "<doctag><text>a</text></doctag>"
    assert closed(whole) == whole


@given(st.lists(st.sampled_from(TAGS), max_size=12), st.sampled_from(FORMS))
def test_no_markup_is_too_broken_to_be_shown(tags: list[str], form: str) -> None:
    assert isinstance(as_page("".join(tags), form), str)
