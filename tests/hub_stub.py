"""A stand-in for the Hugging Face hub on 127.0.0.1 that plays a repository, well or badly, under one name or several.

Speaks what a client asks: the repository's listing with checksums, GET of its files with ranges. Each way to fail is an
attribute that a test sets.
"""

import contextlib
import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

COMMIT = "1234567890abcdef1234567890abcdef12345678"
CHUNK = 4096


def sibling(name: str, content: bytes) -> dict[str, Any]:
    """A file as the hub lists it: weights are kept by sha256 (LFS), everything else by git's id."""
    git_id = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    listed: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": git_id}
    if name.endswith(".safetensors"):
        listed["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return listed


class HubStub:
    """A server that runs as a context manager; `requests` lists what was asked, as "GET config.json"."""

    def __init__(self, files: dict[str, bytes], *hub_ids: str) -> None:
        self.files, self.hub_ids = files, hub_ids or ("org/tiny",)
        self.requests: list[str] = []
        self.listing_status = 200
        self.file_status: dict[str, int] = {}
        self.error_code: str | None = None  # the hub's own word beside a status, as "GatedRepo"
        self.cut_after: dict[str, int] = {}  # bytes of the body after which the connection ends, each time
        self.cut_once: dict[str, int] = {}  # the same, the first time only
        self.status_once: dict[str, list[int]] = {}  # for a file or "listing": answers that come first, one each time
        self.retry_after: str | None = None  # sent beside a status that refuses
        self.wrong_bytes: dict[str, int] = {}  # how often a file's body has other bytes of the same length
        self.without_ranges = False  # a Range is not heeded
        self.redirect_to: str | None = None  # files lie on this other server, as on the hub's content network
        self.listing_changes: dict[str, Any] = {}  # put over the listing's own fields
        self.ranges: list[str] = []  # what was asked for of a file that was begun
        self.authorizations: list[str | None] = []  # what each request said about who asks
        self.listed_only: set[str] = set()  # in the listing, but not there
        self.pause = 0.0  # seconds before each chunk
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def listing(self, hub_id: str = "org/tiny") -> dict[str, Any]:
        names = [*self.files, *self.listed_only]
        siblings = [sibling(name, self.files.get(name, b"")) for name in names]
        listing = {"id": hub_id, "modelId": hub_id, "sha": COMMIT, "private": False, "siblings": siblings}
        return listing | self.listing_changes

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = unquote(urlsplit(self.path).path)
                stub.authorizations.append(self.headers.get("Authorization"))
                for hub_id in stub.hub_ids:
                    if f"{path}/".startswith(f"/api/models/{hub_id}/"):
                        stub.requests.append("listing")
                        self._listing(hub_id)
                        return
                name = path.partition("/resolve/")[2].partition("/")[2]
                stub.requests.append(f"GET {name}")
                status = self._once(name) or stub.file_status.get(name, 200 if name in stub.files else 404)
                if status != 200:
                    self._refuse(status, stub.error_code or ("EntryNotFound" if status == 404 else None))
                elif stub.redirect_to:
                    self.send_response(302)
                    self.send_header("Location", stub.redirect_to + self.path)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self._body(name)

            def _once(self, what: str) -> int | None:
                answers = stub.status_once.get(what)
                return answers.pop(0) if answers else None

            def _listing(self, hub_id: str) -> None:
                status = self._once("listing") or stub.listing_status
                if status != 200:
                    self._refuse(status, stub.error_code)
                    return
                content = json.dumps(stub.listing(hub_id)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _refuse(self, status: int, code: str | None) -> None:
                self.send_response(status)
                if code is not None:
                    self.send_header("X-Error-Code", code)
                if stub.retry_after is not None:
                    self.send_header("Retry-After", stub.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _body(self, name: str) -> None:
                content = stub.files[name]
                if stub.wrong_bytes.get(name):
                    stub.wrong_bytes[name] -= 1
                    content = bytes(len(content))
                stub.ranges += [asked] if (asked := self.headers.get("Range")) else []
                wanted = None if stub.without_ranges else self.headers.get("Range")
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                end = min(len(content), stub.cut_once.pop(name, stub.cut_after.get(name, len(content))))
                with contextlib.suppress(ConnectionError):  # whoever asked may have gone
                    for position in range(start, end, CHUNK):
                        time.sleep(stub.pause)
                        self.wfile.write(content[position : min(position + CHUNK, end)])
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
