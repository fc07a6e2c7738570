"""A real HTTP server on loopback that fails in the ways that servers fail."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultyServer(ThreadingHTTPServer):
    """Serves `files` by their paths; each of `faults` is what the next request meets instead.

    A fault is a status, "page", "silence" (no answer), "stall" (half of the file, then silence) or "drop" (half of the
    file, then the end of the connection). `requests` has the paths that were asked for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.requests = {}, [], []
        self.awake = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: FaultyServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.requests.append(path)
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault == "silence":
            self.server.awake.wait(20)
        elif fault == "page":
            self.reply(200, b"<!DOCTYPE html><html>Please log in</html>")
        elif isinstance(fault, int):
            self.reply(fault, b"<html>trouble</html>")
        elif path not in self.server.files:
            self.reply(404, b"<html>not found</html>")
        else:
            self.reply(200, self.server.files[path], fault)

    def reply(self, status: int, body: bytes, fault: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.path.endswith(".gz") and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_header("Content-Encoding", "gzip")  # as of a page that was compressed for the way
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault else body)
        if fault == "stall":
            self.server.awake.wait(20)


@contextmanager
def serving() -> Iterator[FaultyServer]:
    """A running server."""
    with FaultyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.awake.set()
            server.shutdown()
            thread.join()
