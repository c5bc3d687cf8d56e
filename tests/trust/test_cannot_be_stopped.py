"""No event, no number of visitors and no full disk stops the server; each gets one sentence."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trust.serving import ROOT, START, Visitor, given, serving, until

SOON = 30  # seconds; two where nothing else computes, while the work would take five minutes

WRONG_PICKS = [
    {"x": [0] * 200_000, "y": 0.5},
    {"x": 0.5},
    {"x": None, "y": 0.5},
    {"x": "0.5", "y": 0.5},
    {"x": 1.5, "y": 0.5},
    {"x": -1, "y": 0.5},
    {"x": True, "y": 0.5},
    {},
    [],
    "x",
    7,
    None,
]


def is_sentence(text):
    return text and text[0].isupper() | (text[0] in "“0123456789") and text.endswith((".", "”"))


def sentence(answer):
    """What the answer says to people."""
    told = answer.json()
    said = told.get("error") or told.get("detail")
    assert isinstance(said, str) and is_sentence(said), told
    assert "/" not in said.replace("f/", "").replace("PNG/", ""), said
    return said


@pytest.fixture(scope="module")
def events(server):
    """The events of the page that do not wait, by the name of their handler."""
    return {each["api_name"]: each for each in server.events() if each["queue"] is False}


def by_name(server, name):
    return next(each for each in server.events() if each["api_name"].startswith(name))


def by_target(server, name):
    return next(each for each in server.events() if name in dict(each["targets"]).values())


@pytest.mark.parametrize("told", WRONG_PICKS)
def test_a_click_is_two_fractions_of_the_photo(server, told):
    number = by_name(server, "pick")["id"]
    values = [None] * len(by_name(server, "pick")["inputs"])
    answer = server.event(number, values, told)
    assert answer.status == 500 and "“" in sentence(answer)


def test_numbers_that_json_does_not_know_are_refused(server):
    number = by_name(server, "pick")["id"]
    for text in ("NaN", "Infinity", "1e999", "-Infinity"):
        body = f'{{"fn_index": {number}, "data": [null], "event_data": {{"x": {text}, "y": 0}}}}'
        answer = server.post("/gradio_api/run/predict", body.encode())
        assert answer.status in (400, 500) and sentence(answer)


@pytest.mark.parametrize("index", [999, -1, None, "1", 1.5, [0, 1], True])
def test_an_example_is_one_of_the_row(server, visitor, index):
    example = by_name(server, "begin_example")
    visitor.join(example["id"], [None] * len(example["inputs"]), {"index": index, "value": None})
    done = [told for told in visitor.messages() if told["msg"] == "process_completed"]
    assert not done[0]["success"] and done[0]["output"]["error"]


@pytest.mark.parametrize("number", [9999, -1, None, "1", 1.5, 10**30, [1]])
def test_an_event_that_is_not_there_is_none(server, number):
    for path in ("run/predict", "queue/join"):
        told = {"fn_index": number, "data": [], "session_hash": "x"}
        answer = server.post(f"/gradio_api/{path}", told)
        assert answer.status in (400, 404, 422) and sentence(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"data": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b"null",
        b"[]",
        b'{"data": 1}',
        b"\xef\xbb\xbf{}",
        b'{"data": [], "fn_index": 0, "session_hash": "' + b"x" * 65 + b'"}',
        b'{"data": [], "fn_index": 0, "session_hash": "../x"}',
    ],
)
def test_what_is_no_event_gets_a_sentence(server, body):
    for path in ("run/predict", "queue/join", "call/predict"):
        answer = server.post(f"/gradio_api/{path}", body)
        assert 400 <= answer.status < 500 and sentence(answer)


def test_a_body_that_is_too_large_is_not_read(server):
    assert " 413 " in server.claim("/gradio_api/queue/join", 6_000_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("f_stop", "2"),
        ("f_stop", 0),
        ("highlights", None),
        ("f_stop", 1e-300),
        ("f_stop", [2]),
        ("blades", 4),
        ("blades", "5"),
        ("blades", None),
        ("highlights", 2),
        ("range", -0.1),
        ("cats_eye", 1.1),
        ("spherical", -2),
        ("rotation", 1e9),
        ("focus", 5),
        ("focus", "x" * 3000),
        ("focus", "nearby"),
        ("focus", "5000,1"),
        ("version", "../../etc"),
        ("version", 1),
        ("invert", "yes"),
        ("depth", "a.png"),
        ("photo", None),
        ("photo", [1]),
        ("correction", 5),
    ],
)
def test_a_program_is_told_what_does_not_fit(server, photo, name, value):
    told = {"photo": given(server.upload(photo)), name: value}
    began = server.post("/gradio_api/call/v2/refocus", told)
    if began.status == 200:
        answer = server.get(f"/gradio_api/call/v2/refocus/{began.json()['event_id']}").text
        assert "event: error" in answer
        said = json.loads(answer.split("data: ")[-1])["error"]
    else:
        said = sentence(began)
    assert is_sentence(said), said


def test_a_whole_number_may_be_written_with_a_point(server, photo):
    told = {"photo": given(server.upload(photo)), "blades": 5.0, "focus": "0.5", "cats_eye": 1}
    began = server.post("/gradio_api/call/v2/refocus", told)
    answer = server.get(f"/gradio_api/call/v2/refocus/{began.json()['event_id']}").text
    assert "event: complete" in answer


def test_arguments_with_other_names_are_refused(server, photo):
    answer = server.post("/gradio_api/call/v2/refocus", {"photo": None, "f_number": 2})
    assert answer.status == 422 and "f_stop" in sentence(answer)


def test_what_waits_for_the_network_cannot_go_round_the_line(server, photo):
    number = by_name(server, "predict")["id"]
    told = {"fn_index": number, "data": [given(server.upload(photo)), None], "session_hash": "x"}
    assert server.post("/gradio_api/run/predict", told).status == 404


def test_random_events_get_sentences(server, visitor):
    """Any event with any values: an answer, and no trace (the fixture of the server looks)."""
    random, known = np.random.default_rng(7), server.events()
    odd = [None, 0, -1, 1.5, 1e308, "", "x" * 5000, "<b>", [], [1], {}, {"path": 1}, True]
    odd += [given("/etc/passwd"), {"path": "x"}, [[[]]], {"url": "a"}]
    for _ in range(150):
        event = known[random.integers(len(known))]
        count = max(0, len(event["inputs"]) + random.integers(-1, 2))
        values = [odd[k] for k in random.integers(0, len(odd), count)]
        data = odd[random.integers(len(odd))]
        answer = server.event(event["id"], values, data, visitor.session, int(random.integers(99)))
        assert answer.status != 500 or sentence(answer)


@pytest.fixture(scope="module")
def tight(tmp_path_factory, tiny_versions):
    """A server that has room for very little."""
    allowed = {
        "AUTOFOCUS_MAX_VISITORS": "2",
        "AUTOFOCUS_MAX_QUEUE": "2",
        "AUTOFOCUS_MAX_UPLOADS": "1",
        "AUTOFOCUS_MAX_DISK_MB": "3",
        "AUTOFOCUS_MAX_MEGAPIXELS": "1",
        "AUTOFOCUS_FRAME_ANCESTORS": "https://example.com",
    }
    with serving(tmp_path_factory.mktemp("tight"), tiny_versions, **allowed) as running:
        yield running
        assert "Traceback" not in running.said(), running.said()


def test_no_more_visitors_come_in_than_are_allowed(tight):
    here = [Visitor(tight, f"one-of-two-{number}") for number in range(2)]
    page = tight.get("/")
    assert page.status == 429 and "Many people" in page.text and "retry-after" in page.headers
    assert tight.get("/gradio_api/heartbeat/third").status == 429
    for visitor in here:
        visitor.leave()
    assert until(lambda: tight.get("/").status == 200, 20)


def test_a_photo_above_the_operators_limit_is_refused(tight, tmp_path):
    Image.new("L", (1100, 1000)).save(tmp_path / "large.png")
    said = tight.call("predict", given(tight.upload(tmp_path / "large.png")), None)
    assert "at most 1" in said


def test_the_operator_says_who_may_frame_the_page(tight):
    policy = tight.get("/config").headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://example.com")


def test_only_so_many_uploads_come_in_at_once(tight):
    with socket.create_connection(("127.0.0.1", tight.port)) as slow:
        slow.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        )
        assert until(lambda: tight.send("a.png", b"1").status == 429, 5)
    assert until(lambda: tight.send("a.png", b"1").status == 200, 5)


def test_uploads_stop_where_the_disk_is_as_full_as_is_allowed(tight):
    assert tight.send("large.tif", bytes(4_000_000)).status == 429
    assert " 413 " in tight.claim("/gradio_api/upload", 401 * 10**6)
    tight.send("fits.tif", bytes(2_500_000))
    assert until(lambda: tight.send("fits.tif", bytes(1_000_000)).status == 429, 5)


def test_a_port_that_is_taken_is_said_to_be(tmp_path, tiny_versions, server):
    environment = os.environ | {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(server.port),
        "GRADIO_TEMP_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", START, str(tiny_versions)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1 and not list(tmp_path.iterdir())
    assert f"Port {server.port}" in ended.stderr and "Traceback" not in ended.stderr


def serving_slowly(folder, versions):
    """A server whose network takes as long as it is let."""
    program = SLOWLY + START
    return serving(folder, versions, program=program)


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory, tiny_versions):
    with serving_slowly(tmp_path_factory.mktemp("slow"), tiny_versions) as running:
        yield running


@pytest.fixture
def slow(slow_server):
    """One for all tests that leave it running; its log begins with the test."""
    os.truncate(slow_server.log, 0)
    return slow_server


SLOWLY = """
import time
from pathlib import Path
import torch
from autofocus.network import AutoFocusNet
forward = AutoFocusNet.forward
def slowly(self, *args):
    print("begun", flush=True)
    try:
        for _ in range(6000):
            torch.zeros(1).add(1)
            time.sleep(0.05)
        print("ended", flush=True)
        return forward(self, *args)
    finally:
        print("over", flush=True)
AutoFocusNet.forward = slowly
"""


def test_who_leaves_in_mid_prediction_stops_it(slow, photo):
    file = given(slow.upload(photo))
    event = slow.post("/gradio_api/call/predict", {"data": [file, None]}).json()["event_id"]
    with socket.create_connection(("127.0.0.1", slow.port)) as waiting:
        waiting.sendall(
            f"GET /gradio_api/call/predict/{event} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        assert until(lambda: "begun" in slow.said(), 120)
    assert until(lambda: "over" in slow.said(), SOON)
    assert "ended" not in slow.said() and "Traceback" not in slow.said()


def test_a_page_that_closes_in_mid_prediction_stops_it(slow, photo):
    before = set(slow.files())
    visitor = Visitor(slow, "hasty")
    visitor.begin(slow.upload(photo))
    with socket.create_connection(("127.0.0.1", slow.port)) as waiting:
        path = f"/gradio_api/queue/data?session_hash={visitor.session}"
        waiting.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert until(lambda: "begun" in slow.said(), 120)
    visitor.leave()
    assert until(lambda: "over" in slow.said(), SOON)
    assert "ended" not in slow.said() and "Traceback" not in slow.said()
    assert until(lambda: set(slow.files()) <= before, SOON)


def test_work_for_a_page_that_is_gone_ends_also_where_its_answers_are_still_read(slow, photo):
    visitor = Visitor(slow, "half-gone")
    visitor.begin(slow.upload(photo))
    assert until(lambda: "begun" in slow.said(), 120)
    visitor.leave()
    assert until(lambda: "over" in slow.said(), SOON + 5)
    assert "ended" not in slow.said() and "Traceback" not in slow.said()


SLOW_LENS = """
import time
from pathlib import Path
from autofocus import render
look = render.check_stop
def slowly(stop):
    print("begun", flush=True)
    try:
        for _ in range(6000):
            look(stop)
            time.sleep(0.05)
        print("ended", flush=True)
    finally:
        print("over", flush=True)
render.check_stop = slowly
"""


@pytest.fixture(scope="module")
def slow_lens_server(tmp_path_factory, tiny_versions):
    program = SLOW_LENS + START
    with serving(tmp_path_factory.mktemp("lens"), tiny_versions, program=program) as running:
        yield running


@pytest.fixture
def slow_lens(slow_lens_server):
    """A server whose lens takes as long as it is let; its log begins with the test."""
    os.truncate(slow_lens_server.log, 0)
    return slow_lens_server


def stops(server):
    """Whether rendering that has begun ends before it would."""
    ended = until(lambda: server.said().count("over") == server.said().count("begun"), SOON)
    return ended and "ended" not in server.said() and "Traceback" not in server.said()


def test_a_program_that_hangs_up_in_mid_render_stops_it(slow_lens, photo):
    told = {"photo": given(slow_lens.upload(photo))}
    event = slow_lens.post("/gradio_api/call/v2/refocus", told).json()["event_id"]
    with socket.create_connection(("127.0.0.1", slow_lens.port)) as waiting:
        path = f"/gradio_api/call/v2/refocus/{event}"
        waiting.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert until(lambda: "begun" in slow_lens.said(), 120)
    assert stops(slow_lens)


def test_a_page_that_closes_in_mid_render_stops_it(slow_lens, photo):
    visitor = Visitor(slow_lens, "without-a-gpu")
    visitor.open(slow_lens.upload(photo))
    event = by_target(slow_lens, "unsupported")
    visitor.join(event["id"], visitor.values(event))
    with socket.create_connection(("127.0.0.1", slow_lens.port)) as waiting:
        path = f"/gradio_api/queue/data?session_hash={visitor.session}"
        waiting.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert until(lambda: "begun" in slow_lens.said(), 120)
    visitor.leave()
    assert stops(slow_lens)


def test_stopping_in_mid_prediction_takes_ten_seconds_at_most(tmp_path, tiny_versions, photo):
    with serving_slowly(tmp_path, tiny_versions) as slow:
        file = given(slow.upload(photo))
        slow.post("/gradio_api/call/predict", {"data": [file, None]})
        assert until(lambda: "begun" in slow.said(), 120)
        began = time.monotonic()
        assert slow.stop(signal.SIGTERM) == 0 and time.monotonic() - began < 10
        assert "ended" not in slow.said()


def test_a_full_disk_is_said_to_be_full(tmp_path, tiny_versions, photo):
    """No file may grow beyond some bytes: the photo comes in, its maps do not fit."""
    program = FULL + START
    with serving(tmp_path, tiny_versions, program=program) as full:
        file = given(full.upload(photo))
        assert "disk of this machine is full" in full.call("predict", file, None)
        visitor = Visitor(full, "unlucky")
        text = json.dumps(visitor.open(full.upload(photo)))
        assert "disk of this machine is full" in text
        visitor.leave()
        assert "Traceback" not in full.said(), full.said()


FULL = """
import errno
import numpy
def save(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
numpy.save = save
"""


def test_a_click_costs_no_memory(server):
    """What a click says is looked at before anything is made of it."""
    before = server.memory()
    number = by_name(server, "pick")["id"]
    for _ in range(3):
        server.event(number, [None], {"x": [0] * 200_000, "y": [0] * 200_000})
    assert server.memory() - before < 60e6


def test_the_server_holds_no_compiler_and_no_file_of_weights_in_memory(server):
    """Seventy megabytes that nobody uses, and a second copy that dies with the file."""
    mapped = (Path("/proc") / str(server.process.pid) / "maps").read_text()
    assert "torch" in mapped
    assert "triton" not in mapped and "model.safetensors" not in mapped
