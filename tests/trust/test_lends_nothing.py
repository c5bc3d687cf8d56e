"""The server fetches nothing for visitors, lends them nothing, and shows no file but theirs."""

import inspect
import re
import socket
import threading
from pathlib import Path

import pytest
from gradio.blocks import Blocks
from gradio.routes import App

from autofocus.page import gradio_changes, routes, server
from tests.trust.serving import Visitor, given

SECURITY = Path(__file__).parents[2] / "docs" / "security.md"
ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \| (.+) \|$", re.MULTILINE)


class Canary:
    """Listens on this machine, and counts who comes."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.visits = self.socket.getsockname()[1], 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.visits += 1
            connection.close()


@pytest.fixture
def canary():
    listening = Canary()
    yield listening
    listening.socket.close()
    assert listening.visits == 0


def table(heading):
    """The rows of a table in docs/security.md: name → (state, why)."""
    part = SECURITY.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return {name: (state, why) for name, state, why in ROW.findall(part)}


def routes_of(router):
    """All paths of a router and of those inside it."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_of(inner)
        else:
            yield route.path


@pytest.fixture(scope="module")
def installed_routes():
    """What the installed Gradio would answer, without what only a run history adds."""
    with Blocks() as page:
        pass
    page.run_history = False
    with page.route("Review", "blind"):
        pass
    return set(routes_of(App.create_app(page, mcp_server=False)))


def test_every_route_of_this_gradio_is_decided_on(installed_routes):
    assert installed_routes <= set(routes.OPEN) | set(routes.SHUT)


def test_the_table_of_routes_says_what_holds():
    opened = {path: ("open", why) for path, why in routes.OPEN.items()}
    shut = {path: ("shut", why) for path, why in routes.SHUT.items()}
    assert table("Routes") == opened | shut


def test_the_table_of_options_has_every_one_of_launch():
    options = table("Options of `launch()`")
    assert set(options) == set(inspect.signature(Blocks.launch).parameters) - {"self"}
    given_ones = set(server.launch_options()) | {"_app", "_frontend", "server_name", "server_port"}
    given_ones |= {"prevent_thread_lock", "inbrowser"}
    assert {name for name, (state, _) in options.items() if state == "set"} == given_ones


@pytest.mark.parametrize("path", sorted(routes.SHUT))
def test_what_is_shut_is_not_answered(server, path):
    path = re.sub(r"\{[^}]+\}", "x", path)
    for method in ("GET", "POST"):
        answer = server.ask(method, path, b"{}" if method == "POST" else None)
        assert answer.status == 404 and "nothing at this address" in answer.text


def test_what_is_open_is_what_its_pattern_says():
    assert routes.is_open("/assets/a/b.js") and routes.is_open("/gradio_api/call/predict/x")
    for path in ("/gradio_api/run-history/records", "/gradio_api", "/x", "/config.json", "//"):
        assert not routes.is_open(path)


def test_the_run_history_lends_no_token(server):
    hub = {"X-HF-Bucket": "a/b", "X-Gradio-History-Bucket": "a/b", "Authorization": "Bearer x"}
    for path in ("/gradio_api/runs", "/gradio_api/run-history/buckets"):
        assert server.get(path, headers=hub).status == 404
    assert server.get("/config").json()["run_history"] is False


@pytest.mark.parametrize(
    "form", ["http://{}/a.png", "https://{}/a.png", "HTTP://{}/a.png", "http:/{}/a", "//{}/a.png"]
)
def test_no_address_is_fetched(server, canary, form):
    address = form.format(f"127.0.0.1:{canary.port}")
    assert server.get(f"/gradio_api/file={address}").status in (403, 404)
    for named in (given(address), {"url": address}, given("/x") | {"url": address}):
        for name, data in (("predict", [named, None]), ("refocus", [named])):
            answer = server.post(f"/gradio_api/call/{name}", {"data": data})
            assert answer.status in (400, 403), answer.text
        answer = server.post("/gradio_api/call/v2/predict", {"photo": named})
        assert answer.status in (400, 403)
        told = {"fn_index": server.number("pick"), "data": [[{"deep": named}]], "session_hash": "x"}
        assert server.post("/gradio_api/queue/join", told).status in (400, 403)
        assert server.post("/gradio_api/run/predict", told).status in (400, 403)


def test_an_uploaded_photo_may_not_name_an_address_beside_it(server, canary, photo):
    file = given(server.upload(photo)) | {"url": f"http://127.0.0.1:{canary.port}/"}
    assert server.call("predict", file, None)[2]["width"] == 300


def test_nothing_that_fetches_is_left_in_gradio(server):
    for module, name in gradio_changes.FETCHERS:
        assert callable(getattr(module, name))


def test_no_file_but_those_of_visits_is_shown(server, photo):
    here = server.upload(photo)
    assert server.get(f"/gradio_api/file={here}").body == photo.read_bytes()
    outside = [
        "/etc/passwd",
        str(photo),
        f"{here}/../../../../../../etc/passwd",
        "app.py",
        "..%2f..%2fetc%2fpasswd",
        str(server.folder),
        "",
        "%00",
        "/proc/self/environ",
    ]
    for path in outside:
        answer = server.get(f"/gradio_api/file={path}")
        assert answer.status == 404, path
        assert str(server.folder) not in answer.text
        if path:
            refused = server.post("/gradio_api/call/predict", {"data": [given(path), None]})
            assert refused.status == 400 and "not uploaded here" in refused.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/blind"),
        ("GET", "/config"),
        ("GET", "/nothing"),
        ("GET", "/gradio_api/file=x"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/upload"),
        ("DELETE", "/"),
    ],
)
def test_every_answer_has_the_headers_of_safety(server, method, path):
    headers = server.ask(method, path, b"{}" if method == "POST" else None).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy or "sandbox" in policy
    assert "frame-ancestors" in policy


def test_no_two_uploads_of_one_photo_are_one_file(server, photo):
    first, second = server.upload(photo), server.upload(photo)
    assert Path(first).parent != Path(second).parent


def test_what_a_visitor_sends_reaches_no_other(server, visitor, photo):
    visitor.open(server.upload(photo))
    other = Visitor(server, f"{visitor.session}x")
    try:
        number = server.number("recolour")
        scene_only = server.events()[number]["inputs"]
        answer = server.event(number, [None] * len(scene_only), session=other.session)
        assert "coffee" not in answer.text
    finally:
        other.leave()
