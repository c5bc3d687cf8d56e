"""What somebody with only the URL may try: each gets a sentence, and nothing that is not theirs."""

import json
from pathlib import Path

import pytest

from tests.trust.serving import Visitor, given

SECRET = "hf_a_token_that_nobody_may_see"
MARKUP = "<img src=x onerror=alert(1)>"
NAMES = [
    "../../../etc/passwd.png",
    "..\\..\\windows.png",
    "/etc/cron.d/x.png",
    f"{MARKUP}.png",
    "a" * 300 + ".png",
    ".png",
    "con.png",
    "per%2e%2e%2fcent.png",
    "новый.png",
    "line\tbreak.png",
]
TRICKS = [
    "{folder}/../../etc/passwd",
    "{folder}/./",
    "{folder}",
    "file://{here}",
    "{here}%00.png",
    "{here}/../../../../../../proc/self/environ",
    "/proc/self/root{here}x",
    "~/.ssh/id_rsa",
    "\\\\host\\share",
    "%2e%2e/%2e%2e/etc/passwd",
]


@pytest.fixture
def here(server, photo):
    """An uploaded file's place on the server."""
    return server.upload(photo)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_lies_where_the_server_says_whatever_it_is_called(server, photo, name):
    answer = server.send(name, photo.read_bytes())
    assert answer.status in (200, 400)
    if answer.status == 200:
        (path,) = answer.json()
        assert path.startswith(str(server.folder)) and ".." not in Path(path).parts
        shown = (
            server.get(f"/gradio_api/file={path}".replace(" ", "%20")) if path.isascii() else None
        )
        assert shown is None or shown.headers["content-security-policy"].startswith("default-src")


def test_a_script_in_a_name_is_text_on_the_page(server, photo, visitor):
    path = server.send(f"{MARKUP}.png", photo.read_bytes()).json()[0]
    told = json.dumps(visitor.open(path))
    assert MARKUP not in told


@pytest.mark.parametrize("trick", TRICKS)
def test_no_spelling_of_a_path_leads_outside(server, here, trick):
    path = trick.format(folder=server.folder, here=here)
    answer = server.get(f"/gradio_api/file={path}")
    assert answer.status in (403, 404) and b"PNG" not in answer.body[:8]
    told = server.call("predict", given(path), None)
    assert isinstance(told, str) and str(server.folder) not in told


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-", slice(None)),
        ("bytes=2-5", slice(2, 6)),
        ("bytes=-1", slice(None)),
        ("bytes=5-1", slice(None)),
        ("lines=1", slice(None)),
        ("bytes=0-1,0-1,0-1,0-1", slice(None)),
        ("bytes=" + "0-," * 1000, slice(None)),
    ],
)
def test_a_range_is_one_part_of_the_file_or_all_of_it(server, photo, here, wanted, part):
    answer = server.get(f"/gradio_api/file={here}", headers={"Range": wanted})
    assert answer.status in (200, 206)
    assert answer.body == photo.read_bytes()[part]


def test_a_range_beyond_the_file_is_no_fault(server, here):
    wanted = {"Range": "bytes=99999999-"}
    assert server.get(f"/gradio_api/file={here}", headers=wanted).status in (200, 206, 416)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "a" * 300, "x/../y"])
@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host"])
def test_a_name_that_a_stranger_claims_is_not_fetched_from(server, name, host):
    answer = server.get("/config", headers={name: host})
    assert answer.status in (200, 400) and "Traceback" not in answer.text


def test_no_page_and_no_answer_holds_the_operators_token(server, here):
    pages = ["/", "/config", "/blind", "/gradio_api/info", "/theme.css", f"/gradio_api/file={here}"]
    for path in pages:
        assert b"HF_TOKEN" not in server.get(path).body, path


@pytest.mark.parametrize("session", ["someone", "someone_", "Someone"])
def test_a_session_that_is_nearly_anothers_has_nothing_of_theirs(server, photo, session):
    visitor = Visitor(server, "someone-else")
    try:
        visitor.open(server.upload(photo))
        write = next(each for each in server.events() if each["api_name"] == "write")
        answer = server.event(write["id"], visitor.values(write), session=session)
        assert visitor.session not in answer.text and str(server.folder) not in answer.text
    finally:
        visitor.leave()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/upload", "/gradio_api/queue/join"])
def test_other_methods_do_nothing(server, method, path):
    assert server.ask(method, path).status in (200, 400, 404, 405)


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "", "²", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(server, length):
    for path in ("/gradio_api/upload", "/gradio_api/queue/join"):
        said = server.claim(path, length)
        assert said.startswith("HTTP/1.1 4"), said
