"""A Hub on loopback: what huggingface_hub asks of the real one, with its redirects, refusals and broken lines."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

LINKED = (".safetensors", ".h5", ".msgpack", ".bin")


class Hub(BaseHTTPRequestHandler):
    """Serves `repositories`: {"org/name": {file: its bytes}}.

    Attributes:
        asked: The files that were fetched, in order; and the commits that came.
        gated: Repositories whose files need the token "may-read".
        renamed: Old names of repositories, and what they are called now.
        cut: Files of which the next answer breaks off in the middle.
        commit: What all repositories are at.
    """

    repositories: ClassVar[dict[str, dict[str, bytes]]] = {}
    asked: ClassVar[list[str]] = []
    gated: ClassVar[set[str]] = set()
    renamed: ClassVar[dict[str, str]] = {}
    cut: ClassVar[set[str]] = set()
    commit = "a" * 40

    @classmethod
    @contextlib.contextmanager
    def serving(cls, repositories: dict[str, dict[str, bytes]]) -> Iterator[str]:
        """The address of a Hub that has these."""
        cls.repositories.clear()
        cls.repositories.update(repositories)
        server = ThreadingHTTPServer(("127.0.0.1", 0), cls)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    def answer(self, body: bool) -> None:
        """What is asked for, or only its head."""
        path = self.path.partition("?")[0].strip("/")
        if path.startswith("cdn/"):
            _, organisation, name, file = path.split("/", 3)
            self.send(self.repositories[f"{organisation}/{name}"][file], file, {}, body)
            return
        api, parts = path.startswith("api/models/"), path.removeprefix("api/models/").split("/")
        repository, rest = "/".join(parts[:2]), parts[2:]
        if repository in self.renamed:
            self.reply(307, b"", {"Location": self.path.replace(repository, self.renamed[repository])}, body)
            return
        files = self.repositories.get(repository)
        if files is None or (len(rest) > 1 and rest[1] not in ("main", self.commit)):
            self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound" if files is None else "RevisionNotFound"}, body)
        elif api and rest[:1] == ["tree"]:
            listing = [{"type": "file", "path": name, "size": len(data), "oid": "0" * 40} for name, data in files.items()]
            self.reply(200, json.dumps(listing).encode(), {"Content-Type": "application/json"}, body)
        elif api:
            found = {"_id": "1", "id": repository, "sha": self.commit, "siblings": [{"rfilename": name} for name in files]}
            self.reply(200, json.dumps(found).encode(), {"Content-Type": "application/json"}, body)
        elif repository in self.gated and self.headers.get("Authorization") != "Bearer may-read":
            self.reply(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "access is gated"}, body)
        elif "/".join(rest[2:]) in files:
            self.file(repository, "/".join(rest[2:]), body)
        else:
            self.reply(404, b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.commit}, body)

    def file(self, repository: str, name: str, body: bool) -> None:
        """A file; a large one is elsewhere, as on the Hub."""
        data = self.repositories[repository][name]
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": self.commit}
        if not name.endswith(LINKED):
            self.send(data, name, headers, body)
            return
        place = f"http://localhost:{self.server.server_port}/cdn/{repository}/{name}"  # by another name: another host
        linked = {"Location": place, "X-Linked-Size": str(len(data)), "X-Linked-Etag": headers["ETag"]}
        self.reply(302, b"", headers | linked, body)

    def send(self, data: bytes, name: str, headers: dict[str, str], body: bool) -> None:
        """Bytes, from where the asker wants them on; half of them where the line is to break."""
        if not body:
            self.reply(200, data, headers, body)
            return
        begin = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0]
        self.asked.append(name if begin == "0" else f"{name} from {begin}")
        rest = data[int(begin) :]
        self.send_response(200 if begin == "0" else 206)
        span = {"Content-Range": f"bytes {begin}-{len(data) - 1}/{len(data)}", "Content-Length": str(len(rest))}
        for key, value in {**headers, **span}.items():
            self.send_header(key, value)
        self.end_headers()
        if name in self.cut:
            self.cut.remove(name)
            rest = rest[: len(rest) // 2]
        self.wfile.write(rest)
        self.close_connection = True

    def reply(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
        """An answer that is no file."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def do_GET(self) -> None:
        """What is asked for."""
        self.answer(body=True)

    def do_HEAD(self) -> None:
        """Its head."""
        self.answer(body=False)

    def do_POST(self) -> None:
        """What is uploaded: a repository is made, files are announced, and a commit holds them."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.partition("?")[0].strip("/")
        repository, *_ = path.removeprefix("api/models/").partition("/preupload/" if "/preupload/" in path else "/commit/")
        if self.headers.get("Authorization") != "Bearer may-write":
            self.reply(403, b'{"error": "no"}', {"Content-Type": "application/json"}, True)
            return
        if path == "api/repos/create":
            made = json.loads(content)
            repository = f"{made.get('organization', 'org')}/{made['name']}"
            self.repositories.setdefault(repository, {})
            found: dict[str, Any] = {"url": f"http://{self.headers['Host']}/{repository}"}
        elif "/preupload/" in path:
            files = json.loads(content)["files"]
            found = {"files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files]}
        elif path == "api/validate-yaml":  # of the card
            found = {"errors": [], "warnings": []}
        else:
            lines = [json.loads(line) for line in content.splitlines() if line]
            files = [line["value"] for line in lines if line["key"] == "file"]
            self.repositories[repository] = {one["path"]: base64.b64decode(one["content"]) for one in files}
            self.asked.append(f"commit of {len(files)}")
            address = f"http://{self.headers['Host']}/{repository}/commit/{self.commit}"
            found = {"commitUrl": address, "commitOid": self.commit, "success": True}
        self.reply(200, json.dumps(found).encode(), {"Content-Type": "application/json"}, True)

    def log_message(self, *args: Any) -> None:
        """Nothing."""
