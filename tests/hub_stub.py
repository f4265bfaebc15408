"""A stand-in for the Hugging Face hub on 127.0.0.1 that plays one repository, well or badly.

Speaks what huggingface_hub asks: the repository's listing, HEAD and GET of its files with ranges. Each way to fail is
an attribute that a test sets.
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


class HubStub:
    """A server that runs as a context manager; `requests` lists what was asked, as "GET config.json"."""

    def __init__(self, files: dict[str, bytes], hub_id: str = "org/tiny") -> None:
        self.files, self.hub_id = files, hub_id
        self.requests: list[str] = []
        self.listing_status = 200
        self.file_status: dict[str, int] = {}
        self.error_code: str | None = None  # the hub's own word beside a status, as "GatedRepo"
        self.cut_after: dict[str, int] = {}  # bytes of the body after which the connection ends, each time
        self.cut_once: dict[str, int] = {}  # the same, the first time only
        self.announced_size: dict[str, int] = {}  # what HEAD says where it lies
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

    def listing(self) -> dict[str, Any]:
        names = [*self.files, *self.listed_only]
        siblings = [{"rfilename": name, "size": len(self.files.get(name, b""))} for name in names]
        return {"id": self.hub_id, "modelId": self.hub_id, "sha": COMMIT, "private": False, "siblings": siblings}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def _answer(self, with_body: bool) -> None:
                path = unquote(urlsplit(self.path).path)
                if path.startswith(f"/api/models/{stub.hub_id}"):
                    stub.requests.append("listing")
                    self._listing()
                    return
                name = path.removeprefix(f"/{stub.hub_id}/resolve/").partition("/")[2]
                stub.requests.append(f"{self.command} {name}")
                status = stub.file_status.get(name, 200 if name in stub.files else 404)
                if status != 200:
                    self._refuse(status, stub.error_code or ("EntryNotFound" if status == 404 else None))
                elif with_body:
                    self._body(name)
                else:
                    self._head(200, name, stub.announced_size.get(name, len(stub.files[name])))

            def _listing(self) -> None:
                if stub.listing_status != 200:
                    self._refuse(stub.listing_status, stub.error_code)
                    return
                content = json.dumps(stub.listing()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _refuse(self, status: int, code: str | None) -> None:
                self.send_response(status)
                if code is not None:
                    self.send_header("X-Error-Code", code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _head(self, status: int, name: str, size: int) -> None:
                self.send_response(status)
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{hashlib.sha1(stub.files[name]).hexdigest()}"')
                self.send_header("Content-Length", str(size))
                self.end_headers()

            def _body(self, name: str) -> None:
                content = stub.files[name]
                wanted = self.headers.get("Range")
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                self._head(206 if wanted else 200, name, len(content) - start)
                end = min(len(content), stub.cut_once.pop(name, stub.cut_after.get(name, len(content))))
                with contextlib.suppress(ConnectionError):  # whoever asked may have gone
                    for position in range(start, end, CHUNK):
                        time.sleep(stub.pause)
                        self.wfile.write(content[position : min(position + CHUNK, end)])
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
