"""The demo's web server: this machine alone can reach it, and it does nothing but show the page and answer."""

import json
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from xstilts.base.errors import XstiltsError
from xstilts.demo.answering import Demo

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")  # as which a browser may call it: another name would be another site's
LARGEST = 8_000_000  # bytes of a request
SECONDS = 20.0  # that a request may take to arrive
STATIC = {
    "/": ("page.html", "text/html"),
    "/demo.css": ("demo.css", "text/css"),
    "/demo.js": ("demo.js", "text/javascript"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class DemoServer(ThreadingHTTPServer):
    """Serves a demo at `url`.

    Args:
        port: 0: one that is free.
    """

    daemon_threads = True

    def __init__(self, demo: Demo, port: int = 0) -> None:
        self.demo, self.lock = demo, threading.Lock()
        super().__init__((HOST, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away before its answer; anything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """Answers a browser on this machine: GET for the page and its parts, POST with JSON for answers."""

    server: DemoServer
    timeout = SECONDS
    server_version, sys_version = "xstilts", ""

    def log_message(self, *_: Any) -> None:
        """Print nothing: what is asked is private."""

    def do_GET(self) -> None:
        """The page, its style, its script, what it needs to know, and drawings."""
        if not self._is_local():
            return
        path = unquote(self.path)
        if path in STATIC:
            name, kind = STATIC[path]
            self._send(files("xstilts.demo").joinpath(name).read_bytes(), f"{kind}; charset=utf-8")
        elif path == "/about":
            self._call(lambda: self.server.demo.about())
        elif path.startswith("/drawing/"):
            self._call(lambda: self.server.demo.drawing(path.removeprefix("/drawing/")))
        else:
            self._refuse(404, "no such page")

    def do_POST(self) -> None:
        """`/answer` and `/suggest`."""
        calls: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
            "/answer": self.server.demo.answer,
            "/suggest": self.server.demo.suggest,
        }
        if not self._is_local():
            return
        if self.path not in calls:
            self._refuse(404, "no such page")
        elif (asked := self._json()) is not None:
            self._call(lambda: calls[self.path](asked))

    def _is_local(self) -> bool:
        """Whether the request names this machine and comes from the page itself; else it is refused."""
        port = self.server.server_port
        hosts = {f"{name}:{port}" for name in NAMES}
        origin = self.headers.get("Origin")
        if self.headers.get("Host") in hosts and (origin is None or origin in {f"http://{one}" for one in hosts}):
            return True
        self._refuse(403, "this page answers its own machine alone")
        return False

    def _json(self) -> Mapping[str, Any] | None:
        """The JSON object that was sent, None where it was refused."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > LARGEST:
            self._refuse(413, f"send at most {LARGEST // 1_000_000} MB")
        elif self.headers.get("Content-Type") != "application/json":
            self._refuse(415, "send JSON")
        else:
            try:
                content = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                content = None
            if isinstance(content, dict):
                return content
            self._refuse(400, "send a JSON object")
        return None

    def _call(self, function: Callable[[], Any]) -> None:
        """Send what a function returns, bytes as PNG; a mistake of the visitor's as its sentence."""
        try:
            with self.server.lock:  # one question at a time: models are not shared between threads
                found = function()
        except XstiltsError as error:
            return self._refuse(400, str(error))
        if isinstance(found, bytes):
            return self._send(found, "image/png")
        return self._send(json.dumps(found).encode(), "application/json")

    def _refuse(self, status: int, why: str) -> None:
        self.close_connection = True
        self._send(json.dumps({"error": why}).encode(), "application/json", status)

    def _send(self, content: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
