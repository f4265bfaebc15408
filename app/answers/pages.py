"""A page that a document model read: its DocTags as Markdown, HTML or JSON. Knows no model and no picture.

DocTags are SmolDocling's and granite-docling's own markup (https://arxiv.org/abs/2503.11576); docling-core turns them
into a document. It is an extra, since it is of use to these models alone.
"""

import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docling_core.types.doc import DoclingDocument

DOCTAGS = "doctags"
INSTALL = "pip install 'smolsight[docs]'"

_BLOCK = re.compile(
    r"<(/?)(doctag|title|text|section_header_level_\d|page_header|page_footer|footnote|paragraph|caption|picture|chart"
    r"|otsl|code|formula|list_item|ordered_list|unordered_list|inline|document_index|key_value_region"
    r"|checkbox_selected|checkbox_unselected)>"
)


def _as_json(document: "DoclingDocument") -> str:
    return json.dumps(document.export_to_dict(), ensure_ascii=False)


_EXPORTS: "dict[str, Callable[[DoclingDocument], str]]" = {
    "markdown": lambda document: document.export_to_markdown(),
    "html": lambda document: document.export_to_html(),
    "json": _as_json,
}
FORMS = (DOCTAGS, *_EXPORTS)


def can_convert() -> bool:
    """Whether docling-core is installed."""
    return find_spec("docling_core") is not None


def as_page(answer: str, form: str) -> str:
    """The page in one of FORMS; an answer that holds no page stays as it is.

    An answer that was cut off keeps what stands in the element that it was cut in.
    """
    if form == DOCTAGS:
        return answer
    from docling_core.types.doc import DoclingDocument
    from docling_core.types.doc.document import DocTagsDocument, DocTagsPage

    page = DocTagsPage(tokens=closed(answer))
    try:
        document = DoclingDocument.load_from_doctags(DocTagsDocument(pages=[page]), document_name="page")
    except Exception:  # a model's tables may have rows of any length, and the library trips over some
        return answer
    return _EXPORTS[form](document).strip() if document.texts or document.tables or document.pictures else answer


def closed(doctags: str) -> str:
    """The markup with the elements ended that its end left open; without the half of a tag that it may end in."""
    whole = re.sub(r"<[^<>]*$", "", doctags)
    opened: list[str] = []
    for end, name in _BLOCK.findall(whole):
        if not end:
            opened.append(name)
        elif name in opened:
            del opened[len(opened) - 1 - opened[::-1].index(name) :]
    return whole + "".join(f"</{name}>" for name in reversed(opened))
