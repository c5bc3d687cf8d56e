"""A Hub on this machine: what huggingface_hub calls, and everything that may go wrong there."""

import base64
import hashlib
import json
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

LARGE = 10_000  # bytes from which on a file is stored as LFS
DATE = "2026-11-02T10:00:00.000Z"
REFUSALS = {"401": 401, "403": 403, "404": 404, "500": 500}


class Repo:
    """Files by commit; branches and tags point to commits."""

    def __init__(self):
        self.commits, self.refs = {}, {"heads": {}, "tags": {}}

    def commit(self, files, branch="main"):
        """Put files (name → bytes, or None: no such file) upon what the branch has → the commit."""
        heads = self.refs["heads"]
        files = {**self.commits.get(heads.get(branch, heads.get("main")), {}), **files}
        files = {name: data for name, data in files.items() if data is not None}
        digest = hashlib.sha1(repr([branch, len(self.commits), sorted(files)]).encode()).hexdigest()
        self.commits[digest] = files
        self.refs["heads"][branch] = digest
        return digest

    def resolve(self, name):
        return {**self.refs["heads"], **self.refs["tags"]}.get(name, name)


class StandIn:
    """The server; `fault` is what goes wrong now, `requests` what was asked."""

    def __init__(self, port):
        self.repos, self.stored, self.requests, self.fault = {}, {}, [], None
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler_of(self))
        self.server.daemon_threads = True
        serve = partial(self.server.serve_forever, poll_interval=0.01)  # or closing takes 0.5 s
        threading.Thread(target=serve, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def repo(self, name):
        return self.repos.setdefault(name, Repo())

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def handler_of(hub):  # noqa: C901 - one small method for each endpoint
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.answer_to("HEAD")

        def do_GET(self):
            self.answer_to("GET")

        def do_POST(self):
            self.answer_to("POST")

        def do_PUT(self):
            self.answer_to("PUT")

        def answer_to(self, method):
            path = unquote(urlparse(self.path).path)
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.requests.append((method, path, self.headers.get("Authorization")))
            if hub.fault == "vanished":  # the line is cut before anything is said
                self.close_connection = True
                return
            if hub.fault == "slow":
                time.sleep(3)
            if hub.fault in REFUSALS:
                return self.send(REFUSALS[hub.fault], b"{}")
            if hub.fault == "html":
                return self.send(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
            try:
                self.route(method, path)
            except KeyError:
                self.send(404, b"{}", {"X-Error-Code": "EntryNotFound"})

        def route(self, method, path):
            if path.startswith("/api/"):
                return self.api(path.split("/")[2:])
            if "/resolve/" in path:
                return self.file(path)
            if path.startswith("/lfs/"):
                return self.large(method, path.rsplit("/", 1)[1])
            if path.endswith("/info/lfs/objects/batch"):
                return self.batch()
            raise KeyError(path)

        def api(self, parts):
            if parts[:2] == ["repos", "create"]:
                asked = json.loads(self.body)
                name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
                hub.repo(name)
                return self.reply({"url": f"{hub.address}/{name}", "name": name})
            if parts[0] == "validate-yaml":
                return self.reply({"errors": [], "warnings": []})
            name, (kind, *rest) = "/".join(parts[1:3]), (*parts[3:], "info")
            if name not in hub.repos:
                return self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            repo = hub.repos[name]
            if kind == "commit":
                return self.take_commit(repo, name)
            answers = {"refs": self.refs, "preupload": self.preupload, "tag": self.tag}
            self.reply(answers.get(kind, self.info)(repo, rest))

        def refs(self, repo, _):
            listed = {
                kind: [
                    {"name": ref, "ref": f"refs/{under}/{ref}", "targetCommit": commit}
                    for ref, commit in repo.refs[under].items()
                ]
                for kind, under in (("branches", "heads"), ("tags", "tags"))
            }
            return {**listed, "converts": []}

        def preupload(self, *_):
            modes = {True: "lfs", False: "regular"}
            return {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": modes[file["size"] >= LARGE],
                        "shouldIgnore": False,
                        "oid": None,
                    }
                    for file in json.loads(self.body)["files"]
                ]
            }

        def tag(self, repo, rest):
            repo.refs["tags"][json.loads(self.body)["tag"]] = repo.resolve(rest[0])
            return {}

        def info(self, repo, rest):
            commit = repo.resolve(rest[0] if rest and rest[0] != "info" else "main")
            files = [{"rfilename": file} for file in repo.commits.get(commit, {})]
            return {"id": "x/y", "sha": commit, "lastModified": DATE, "siblings": files}

        def take_commit(self, repo, name):
            files = {}
            for line in self.body.decode().splitlines():
                entry = json.loads(line)
                value = entry["value"]
                if entry["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif entry["key"] == "lfsFile":
                    files[value["path"]] = hub.stored[value["oid"]]
            commit = repo.commit(files)
            url = f"{hub.address}/{name}/commit/{commit}"
            self.reply({"success": True, "commitOid": commit, "commitUrl": url})

        def batch(self):
            objects = [
                {
                    **file,
                    "actions": {
                        "upload": {"href": f"{hub.address}/lfs/{file['oid']}", "header": {}}
                    },
                }
                for file in json.loads(self.body)["objects"]
            ]
            self.reply({"transfer": "basic", "objects": objects})

        def file(self, path):
            name, _, rest = path[1:].partition("/resolve/")
            revision, _, file = rest.partition("/")
            repo = hub.repos[name]
            commit = repo.resolve(revision)
            data = repo.commits[commit][file]
            digest = hashlib.sha256(data).hexdigest()
            headers = {"X-Repo-Commit": commit, "ETag": f'"{digest}"', "Accept-Ranges": "bytes"}
            if len(data) < LARGE:
                return self.send(200, data, headers)
            hub.stored[digest] = data
            linked = {"X-Linked-ETag": f'"{digest}"', "X-Linked-Size": str(len(data))}
            # Another host's name, as large files have one: the client asks only it for the file.
            elsewhere = hub.address.replace("127.0.0.1", "localhost")
            self.send(302, b"", {**headers, **linked, "Location": f"{elsewhere}/lfs/{digest}"})

        def large(self, method, digest):
            if method == "PUT":
                hub.stored[digest] = self.body
                return self.send(200, b"")
            data, whole = hub.stored[digest], len(hub.stored[digest])
            start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
            if hub.fault == "damaged":
                data = data.translate(bytes(range(255, -1, -1)))
            if hub.fault in ("truncated", "gone") and method == "GET":
                return self.break_off(data, hub.fault)
            headers = {"Content-Range": f"bytes {start}-{whole - 1}/{whole}"} if start else {}
            self.send(206 if start else 200, data[start:], headers)

        def break_off(self, data, fault):
            """Half of the file: said to be all of it, or the connection is lost."""
            half = data[: len(data) // 2]
            if fault == "truncated":
                return self.send(200, half)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(half)
            self.wfile.flush()
            self.close_connection = True
            hub.fault = "vanished"

        def reply(self, content):
            self.send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

        def send(self, status, data, headers=None):
            self.send_response(status)
            always = {"Content-Length": str(len(data)), "Connection": "close"}
            for name, value in {**always, **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = True  # or a later test would be answered by this one's hub
            if self.command != "HEAD":
                self.wfile.write(data)

    return Handler
