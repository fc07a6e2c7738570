"""A real HTTP server on loopback that fails in the ways that servers fail."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultyServer(ThreadingHTTPServer):
    """Serves `files` by their paths; each of `faults` is what the next request meets instead.

    A fault is a status, "hang", "page", ("drop", bytes sent before) or ("refuse ranges",).
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.ranges = files, [], []
        self.awake = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: FaultyServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range"))
        fault = self.server.faults.pop(0) if self.server.faults else None
        content = self.server.files.get(self.path.lstrip("/"))
        if fault == "hang":
            self.server.awake.wait(20)
        elif fault == "page":
            self.reply(200, b"<!DOCTYPE html><html>Please log in</html>")
        elif isinstance(fault, int):
            self.reply(fault, b"<html>trouble</html>")
        elif content is None:
            self.reply(404, b"<html>not found</html>")
        else:
            self.serve(content, fault)

    def serve(self, content: bytes, fault: object) -> None:
        start = 0
        if (wanted := self.headers.get("Range")) and fault != ("refuse ranges",):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.reply(416, b"")
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = start + fault[1] if fault and fault[0] == "drop" else len(content)
        self.wfile.write(content[start:end])

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[FaultyServer]:
    """A running server of `files`."""
    with FaultyServer(files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.awake.set()
            server.shutdown()
            thread.join()
