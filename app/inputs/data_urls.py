"""Pictures that an address itself holds (`data:image/png;base64,...`), as browsers hand some over. Fetches nothing.

https://www.rfc-editor.org/rfc/rfc2397
"""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

MOST_CHARACTERS = 64 * 2**20
_DATA = re.compile(r"data:image/[\w.+-]+(?:;[\w=.+-]+)*,", re.IGNORECASE)
_SOURCE = re.compile(r"""<img\b[^>]*?\bsrc\s*=\s*["'](data:image/[^"']+)["']""", re.IGNORECASE)


def picture_in_address(address: str) -> bytes | None:
    """What the address holds; None where it holds no picture, or is too long."""
    if len(address) > MOST_CHARACTERS or (head := _DATA.match(address)) is None:
        return None
    body = unquote_to_bytes(address[head.end() :])
    if not head[0].lower().endswith(";base64,"):
        return body
    try:
        return base64.b64decode(body, validate=False)
    except binascii.Error:
        return None


def picture_in_page(html: str) -> bytes | None:
    """The first picture that a piece of a page brings with it."""
    found = _SOURCE.search(html) if len(html) <= MOST_CHARACTERS else None
    return picture_in_address(found[1]) if found else None
