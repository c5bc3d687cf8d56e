"""The page as a visitor has it: the app in a process of its own, and a real browser.

The app serves the default version of this machine, and two tiny ones with random weights. Every
page fails its test on a console error, a failed request, a request to another host, or a layout
shift.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import skimage.data
import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from autofocus.network import AutoFocusNet
from autofocus.versions.catalog import read_version
from autofocus.versions.weights import save_version
from tests.browser.visitor import ServedVisitor, Visitor
from tests.conftest import TINY

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [  # WebGL 2 in software, and nothing told to anybody
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--no-sandbox",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
STARTING = 120  # seconds that the app may take to start
# Small photos: without a graphics card, each takes both cores until it has all its detail.
COFFEE_WIDTH, COFFEE_HEIGHT = 240, 160
LARGEST_SHIFT = 0.05  # of the page's layout; browser makers call twice as much good
# Adds up what moves on the page without having been touched.
WATCH_SHIFTS = """
window.layoutShift = 0;
window.shifted = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.layoutShift += entry.value;
    const names = entry.sources.map(({ node }) => node?.id || node?.className || node?.nodeName);
    window.shifted.push(`${entry.value.toFixed(3)}: ${names.join(', ')}`);
  }
}).observe({ type: 'layout-shift', buffered: true });
"""
WITHOUT_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === 'webgl2' ? null : get.call(this, kind, ...rest);
};
"""


@pytest.fixture(scope="session")
def tiny_versions(tmp_path_factory):
    """Two versions of the host's own, by name."""
    folder, versions = tmp_path_factory.mktemp("versions"), {}
    for seed, name in enumerate(("coarse-monday", "coarse-friday")):
        torch.manual_seed(seed)
        network = AutoFocusNet(TINY).eval()
        save_version(network, folder / name, {"name": name, "quality": {}})
        versions[name] = read_version(folder / name)
    return versions


@pytest.fixture(scope="session")
def votes_file(tmp_path_factory):
    """Where the app keeps its votes."""
    return tmp_path_factory.mktemp("votes") / "votes.sqlite"


@pytest.fixture(scope="session")
def served(tmp_path_factory, tiny_versions, votes_file):
    """The app's address, and the file of what it prints."""
    port = free_port()
    log = tmp_path_factory.mktemp("app") / "log.txt"
    environment = {
        **os.environ,
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(log.parent / "files"),
        "AUTOFOCUS_VERSIONS": str(tiny_versions["coarse-monday"].folder.parent),
        "AUTOFOCUS_VOTES": str(votes_file),
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("DISPLAY", None)  # no browser but ours is to be opened
    with log.open("w") as output:
        command = [sys.executable, "app.py"]
        app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_for(url, app, log)
            yield url, log
        finally:
            app.terminate()
            app.wait(timeout=30)


@pytest.fixture(scope="session")
def address(served):
    return served[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, app, log):
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        assert app.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.URLError:
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"the app did not answer within {STARTING} s: {log.read_text()}")


@pytest.fixture(scope="session")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser, served):
    """Opens the page for one more visitor; all of them must have had a clean visit at the end."""
    address, log = served
    said, visitors = len(log.read_text()), []

    def open_page(width=1440, height=900, webgl=True, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.add_init_script(WATCH_SHIFTS)
        if not webgl:
            context.add_init_script(WITHOUT_WEBGL)
        kind = Visitor if webgl else ServedVisitor
        visitors.append(kind(context.new_page(), address))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        visitor.check(LARGEST_SHIFT)
        visitor.page.context.close()
    assert "Traceback" not in log.read_text()[said:], log.read_text()[said:]


@pytest.fixture
def visitor(visit):
    return visit()


@pytest.fixture(params=["live", "served"])
def any_visitor(visit, request):
    """One whose browser draws the lens, and one whose pictures the server makes."""
    return visit(webgl=request.param == "live")


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Photos, and files that are none."""
    folder = tmp_path_factory.mktemp("photos")
    small = Image.fromarray(skimage.data.astronaut()).resize((240, 240))
    small.save(folder / "astronaut.png")
    small = Image.fromarray(skimage.data.coffee()).resize((COFFEE_WIDTH, COFFEE_HEIGHT))
    small.save(folder / "coffee.jpg", quality=95)
    Image.new("RGB", (300, 200), (128, 128, 128)).save(folder / "grey.png")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("A photo, they said.")
    (folder / "truncated.jpg").write_bytes((folder / "coffee.jpg").read_bytes()[:9_000])
    Image.new("1", (20_000, 20_000)).save(folder / "huge.png")
    (folder / "paper.pdf").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n")
    return folder


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
