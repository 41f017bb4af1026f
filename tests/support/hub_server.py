"""A stand-in for the Hugging Face hub: the part of its HTTP interface that its clients use for datasets."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import yaml


class HubServer:
    """Datasets with one commit each, which the branch `main` points to.

    Attributes:
        repos: {`owner/name`: {path: content}}.
        commits: {`owner/name`: commit}.
        cut: paths that break off half-way; then they are `refused`.
        refused: paths that are answered by an error.
        altered: {path: what is sent instead of the listed content}.
        requests: what was asked for, in order: `GET /api/...`.
        models: {`owner/name`: {path: content}} of the models that were pushed.
        made: what each was made with, as the client said it.
    """

    REPO: ClassVar[str] = "owner/set"

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, bytes]] = {self.REPO: {}}
        self.commits: dict[str, str] = {self.REPO: hashlib.sha1(b"a commit").hexdigest()}
        self.cut: set[str] = set()
        self.refused: set[str] = set()
        self.altered: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.models: dict[str, dict[str, bytes]] = {}
        self.made: list[dict[str, Any]] = []
        self.url = ""

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the dataset `owner/set`."""
        return self.repos[self.REPO]

    @files.setter
    def files(self, files: dict[str, bytes]) -> None:
        self.repos[self.REPO] = files

    @property
    def commit(self) -> str:
        """The commit of the dataset `owner/set`."""
        return self.commits[self.REPO]

    def add(self, repo: str, files: dict[str, bytes], commit: str | None = None) -> str:
        """Add files to a dataset; return its commit."""
        self.repos.setdefault(repo, {}).update(files)
        return self.commits.setdefault(repo, commit or hashlib.sha1(repo.encode()).hexdigest())

    @contextmanager
    def running(self) -> Iterator[HubServer]:
        """Answer requests at `url` until the block ends."""
        service = ThreadingHTTPServer(("127.0.0.1", 0), type("OfHub", (Answer,), {"hub": self}))
        self.url = f"http://127.0.0.1:{service.server_port}"
        threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield self
        finally:
            service.shutdown()
            service.server_close()

    def info(self, repo: str) -> dict[str, Any]:
        """What `GET /api/datasets/<repo>/revision/<commit>?blobs=true` says; Parquet files are large files."""
        siblings = [
            {"rfilename": path, "size": len(content), "blobId": blob(content), **lfs(path, content)}
            for path, content in self.repos[repo].items()
        ]
        card = card_of(self.repos[repo].get("README.md", b""))
        about = {"id": repo, "sha": self.commits[repo], "private": False, "tags": [], "downloads": 0, "likes": 0}
        return {**about, "siblings": siblings, "cardData": card}

    def tree(self, repo: str, folder: str, recursive: bool) -> list[dict[str, Any]]:
        """What `GET /api/datasets/<repo>/tree/<commit>/<folder>` says."""
        start = f"{folder}/" if folder else ""
        entries: dict[str, dict[str, Any]] = {}
        for path, content in self.repos[repo].items():
            if not path.startswith(start):
                continue
            inner = path[len(start) :].split("/")
            for depth in range(1, len(inner) if recursive else min(2, len(inner))):
                name = start + "/".join(inner[:depth])
                entries[name] = {"type": "directory", "path": name, "oid": blob(name.encode()), "size": 0}
            if recursive or len(inner) == 1:
                entries[path] = entry_of(path, content)
        return list(entries.values())


def blob(content: bytes) -> str:
    """The name that git gives a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def lfs(path: str, content: bytes) -> dict[str, Any]:
    if not path.endswith(".parquet"):
        return {}
    sha256 = hashlib.sha256(content).hexdigest()
    return {"lfs": {"sha256": sha256, "oid": sha256, "size": len(content), "pointerSize": 132}}


def entry_of(path: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "oid": blob(content), "size": len(content), **lfs(path, content)}


def card_of(readme: bytes) -> dict[str, Any]:
    text = readme.decode()
    return yaml.safe_load(text.split("\n---", 1)[0].removeprefix("---")) or {} if text.startswith("---") else {}


class Answer(BaseHTTPRequestHandler):
    """Answers the clients' requests for the datasets of a hub."""

    protocol_version = "HTTP/1.1"
    hub: HubServer

    def log_message(self, *_: Any) -> None:
        """Print nothing; `HubServer.requests` has every request."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/validate-yaml":
            return self._say({"errors": [], "warnings": []})
        if self.path == "/api/repos/create" or self.path.startswith("/api/models/"):
            return self._take(content)
        body = json.loads(content or b"{}")
        repo, _, rest = self._asked()
        if not rest.startswith("paths-info/"):
            return self.send(b"", 404)
        files = self.hub.repos[repo]
        found = [one for path in body["paths"] for one in self._at(repo, files, path)]
        return self.send(json.dumps(found).encode(), kind="application/json")

    def _take(self, content: bytes) -> None:
        """What a client does to push a model: make it, ask how each file is sent, and send them all as one commit."""
        self.hub.requests.append(f"{self.command} {self.path}")
        if self.headers.get("Authorization") != "Bearer hf_may_write":
            return self.send(b'{"error": "Invalid username or password."}', 401, kind="application/json")
        if self.path == "/api/repos/create":
            self.hub.made.append(json.loads(content))
            repo = f"{self.hub.made[-1]['organization']}/{self.hub.made[-1]['name']}"
            self.hub.models.setdefault(repo, {})
            return self._say({"url": f"{self.hub.url}/{repo}"})
        repo, action = "/".join(self.path.split("/")[3:5]), self.path.split("/")[5]
        if action == "preupload":
            paths = [one["path"] for one in json.loads(content)["files"]]
            files = [{"path": path, "uploadMode": "regular", "shouldIgnore": False, "oid": None} for path in paths]
            return self._say({"files": files})
        for line in map(json.loads, content.splitlines()):
            if line["key"] == "file":
                self.hub.models[repo][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                del self.hub.models[repo][line["value"]["path"]]
        return self._say({"commitUrl": f"{self.hub.url}/{repo}/commit/{self.hub.commit}", "commitOid": self.hub.commit})

    def _say(self, content: dict[str, Any]) -> None:
        self.send(json.dumps(content).encode(), kind="application/json")

    def _model(self) -> None:
        """What is known of a model that was pushed."""
        path = unquote(self.path.split("?")[0]).split("/")
        self.hub.requests.append(f"{self.command} {self.path}")
        files = self.hub.models.get(repo := "/".join(path[3:5]))
        if files is None:
            return self.send(b"", 404, {"X-Error-Code": "RepoNotFound"})
        if "tree" in path:
            return self.send(json.dumps([entry_of(*one) for one in files.items()]).encode(), kind="application/json")
        siblings = [{"rfilename": one} for one in files]
        return self._say({"id": repo, "sha": self.hub.commit, "private": True, "tags": [], "siblings": siblings})

    def _at(self, repo: str, files: dict[str, bytes], path: str) -> list[dict[str, Any]]:
        if path in files:
            return [entry_of(path, files[path])]
        above = self.hub.tree(repo, "", recursive=True)
        return [one for one in above if one["path"] == path]

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/"):
            return self._model()
        repo, is_api, rest = self._asked()
        if repo not in self.hub.repos:
            return self.send(b"", 404, {"X-Error-Code": "RepoNotFound"})
        action, _, rest = rest.partition("/")
        revision, _, path = rest.partition("/")
        if action == "":
            revision = "main"
        if revision not in (self.hub.commits[repo], "main", "refs%2Fconvert%2Fparquet", "refs"):
            return self.send(b"", 404, {"X-Error-Code": "RevisionNotFound"})
        if is_api and action in ("", "revision"):
            return self.send(json.dumps(self.hub.info(repo)).encode(), kind="application/json")
        if is_api and action == "tree":
            found = self.hub.tree(repo, path, "recursive=true" in self.path.lower())
            if path and not found:
                return self.send(b"", 404, {"X-Error-Code": "EntryNotFound"})
            return self.send(json.dumps(found).encode(), kind="application/json")
        if action != "resolve" or path not in self.hub.repos[repo]:
            return self.send(b"", 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.hub.commits[repo]})
        return self.send(b"", 503) if path in self.hub.refused else self.send_file(repo, path)

    def _asked(self) -> tuple[str, bool, str]:
        """The dataset, whether it is a question to the API, and the rest of the path."""
        self.hub.requests.append(f"{self.command} {self.path}")
        path = unquote(self.path.split("?")[0])
        is_api = path.startswith("/api/")
        owner, _, rest = path.removeprefix("/api").removeprefix("/datasets/").partition("/")
        name, _, rest = rest.partition("/")
        return f"{owner}/{name}", is_api, rest

    def send_file(self, repo: str, file: str) -> None:
        hub, content = self.hub, self.hub.repos[repo][file]
        etag = hashlib.sha256(content).hexdigest() if file.endswith(".parquet") else blob(content)
        sent, headers = hub.altered.get(file, content), {"X-Repo-Commit": hub.commits[repo], "ETag": f'"{etag}"'}
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
        self,
        content: bytes,
        status: int = 200,
        headers: dict[str, str] | None = None,
        only: int | None = None,
        kind: str = "application/octet-stream",
    ) -> None:
        """Send headers and, to all but a HEAD, the first `only` bytes of the content."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:only])


def parquet(rows: list[dict[str, Any]], features: dict[str, Any] | None = None) -> bytes:
    """A Parquet file; `features` as the library `datasets` notes them in the footer."""
    table = pa.Table.from_pylist(rows)
    if features is not None:
        kinds = {key: described(table.schema.field(key).type) for key in table.schema.names}
        about = {"info": {"features": {**kinds, **features}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=2)
    return sink.getvalue()


def described(kind: pa.DataType) -> Any:
    """An Arrow type as `datasets` describes it."""
    if pa.types.is_list(kind):
        return {"feature": described(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {one.name: described(one.type) for one in kind}
    return {"dtype": str(kind), "_type": "Value"}


def classes(*names: str) -> dict[str, Any]:
    """A feature of numbered classes."""
    return {"names": list(names), "_type": "ClassLabel"}


def readme(card: dict[str, Any]) -> bytes:
    """A dataset card."""
    return f"---\n{yaml.safe_dump(card)}---\n# A set\n".encode()
