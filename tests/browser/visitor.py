"""What a visitor does on the page, and what they see."""

import base64
import io

import numpy as np
from PIL import Image

from autofocus.page.controls import F_STOPS
from autofocus.page.focusing import classes_of
from autofocus.render import Lens
from tests.trust.serving import until

PATIENCE = 60_000  # milliseconds for a photo to be analysed and shown
READY = "Click to focus"
VIEWER = "window.autofocus?.viewers?.main"
CANVAS = ":is(#viewer.af-ready, #viewer .af-ready):not(.af-busy) .af-canvas"
HANDED_ON = 10  # seconds that Gradio may take to hand an event of the page on
STEPS = 40  # of a slider that is dragged
VIEWS = {"refocused": "Refocused", "photo": "Photo", "depth": "Depth", "subject": "Subject"}


class Visitor:
    """One visitor with a page of their own; `problems` is what should not have happened."""

    def __init__(self, page, address):
        self.page, self.address, self.problems = page, address, []
        page.on("console", self.on_console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", self.on_request)
        page.on("requestfailed", self.on_failure)
        page.on("response", self.on_response)
        page.goto(address)
        page.locator("#upload input[type=file]").wait_for(state="attached")
        page.locator("#examples img").first.wait_for()
        page.wait_for_function("window.autofocus?.page")

    def on_console(self, message):
        if message.type == "error" and not ended_by_gradio(message.location.get("url", "")):
            self.problems.append(f"console: {message.text}")

    def on_request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"a request to another host: {request.url}")

    def on_failure(self, request):
        if not ended_by_gradio(request.url):
            self.problems.append(f"failed: {request.url} {request.failure}")

    def on_response(self, response):
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def check(self, largest_shift):
        assert not self.problems, self.problems
        shift, parts = self.page.evaluate("[window.layoutShift, window.shifted]")
        assert shift <= largest_shift, parts

    def give(self, file):
        """Choose a file, and wait for nothing."""
        self.page.locator("#upload input[type=file]").set_input_files(file)

    def open(self, file):
        """Open a photo, and wait until everything is shown."""
        self.give(file)
        self.wait_until_shown()

    def wait_until_shown(self):
        self.page.locator("#status .note", has_text=READY).wait_for(timeout=PATIENCE)
        self.page.locator(CANVAS).wait_for(timeout=PATIENCE)
        whole = f"{VIEWER}.run === {VIEWER}.value?.run && {VIEWER}.value.front"
        self.page.wait_for_function(whole, timeout=PATIENCE)

    def refusal(self, says):
        """The sentence, saying this, with which the page refuses a file."""
        alert = self.page.locator("#status [role=alert]", has_text=says)
        alert.wait_for(timeout=PATIENCE)
        return alert.inner_text()

    def select(self, view):
        """Choose one of the four views."""
        self.page.get_by_role("button", name=VIEWS[view], exact=True).click()

    def finish(self):
        """Wait until the picture is there with all its detail."""
        self.page.wait_for_function(f"{VIEWER}.finished", timeout=PATIENCE)

    def pixels(self, view):
        """What a view shows, H×W×3 in [0, 1]."""
        self.select(view)
        if view == "refocused":
            self.finish()
        return self.canvas()

    def canvas(self):
        """What the canvas shows just now, H×W×3 in [0, 1]."""
        data = self.page.evaluate(
            f"""() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
              () => done({VIEWER}.canvas.toDataURL('image/png')))))"""
        )
        return decoded(base64.b64decode(data.split(",")[1]))

    def photo_shown(self):
        """What tells the photos (and their maps) that were shown apart."""
        return self.page.evaluate(f"{VIEWER}.value.run")

    def slider(self, name="focus"):
        return self.page.locator(f"#{name} input[type=range]")

    def focus(self):
        return float(self.slider().input_value())

    def press(self, key, name="focus"):
        """Press a key on a slider."""
        self.slider(name).press(key)

    def click(self, x, y):
        """Click on the picture at these shares of its width and height."""
        self.page.locator(CANVAS).click(position=self.position(CANVAS, x, y))

    def position(self, selector, x, y):
        """Shares of an element's width and height in pixels."""
        box = self.page.locator(selector).bounding_box()
        return {"x": x * box["width"], "y": y * box["height"]}

    def reason(self):
        return self.page.locator("#reason").inner_text().strip()

    def figures(self):
        """The exact reason for the focus, which its tooltip has."""
        return self.page.locator("#why").get_attribute("title")

    def more(self):
        """Unfold what is rarely needed; what that moves was asked for, however late it moves."""
        before = self.page.evaluate("window.layoutShift")
        self.page.get_by_role("button", name="More").click()
        self.page.locator("#get-depth").wait_for()
        self.page.wait_for_timeout(500)
        self.page.evaluate("shift => { window.layoutShift = shift }", before)

    def download(self, button):
        """Click a download button → the file's name and its contents."""
        with self.page.expect_download(timeout=PATIENCE) as waiting:
            self.page.locator(f"#{button}").click()
        return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def eventually(read, expected):
    """Wait until what is read is as expected: Gradio hands events on later than a press returns."""
    until(lambda: read() == expected, HANDED_ON)
    assert (found := read()) == expected, f"{found} is not {expected}"


def drag(page, viewer, move):
    """Move the focus in steps from 0.1 to 0.9 → the frames that the viewer drew meanwhile.

    `move` is JavaScript that sets the focus to `value`; each step is drawn before the next.
    """
    return page.evaluate(
        f"""async (patience) => {{
          const viewer = {viewer}, before = viewer.frames, end = performance.now() + patience;
          const isDrawn = (value) =>
            Math.abs(viewer.state.focus - value) < 1e-6 && !viewer.schedule.stale;
          for (let k = 1; k <= {STEPS}; k++) {{
            const value = 0.1 + 0.8 * k / {STEPS};
            {move};
            while (!isDrawn(value)) {{
              if (performance.now() > end) throw new Error(`${{value}} was not drawn`);
              await new Promise(requestAnimationFrame);
            }}
          }}
          return viewer.frames - before;
        }}""",
        PATIENCE,
    )


def ended_by_gradio(url):
    """Gradio ends its streams itself, which browsers report as failed requests."""
    return any(stream in url for stream in ("/queue/data", "/heartbeat/", "/upload_progress"))


class ServedVisitor(Visitor):
    """A visitor whose browser cannot draw the lens: the server makes the pictures."""

    def wait_until_shown(self):
        self.page.locator("#status .note", has_text=READY).wait_for(timeout=PATIENCE)
        self.page.locator("#refocused:not(.busy) img").wait_for(timeout=PATIENCE)
        # An image that is still being loaded has no place to click on.
        self.page.wait_for_function(
            "document.querySelector('#refocused img')?.naturalWidth", timeout=PATIENCE
        )

    def select(self, view):
        self.page.get_by_role("radio", name=VIEWS[view]).check(force=True)

    def finish(self):
        """Wait until the image is there in full detail, rendered for what the sliders say."""
        f_stop = F_STOPS[int(self.slider("f-stop").input_value())]
        classes = classes_of(Lens(self.focus(), f_stop=f_stop))
        self.page.locator(f"#refocused.{'.'.join(classes)} img").wait_for(timeout=PATIENCE)

    def pixels(self, view):
        source = self.page.locator(f"#{view} img").get_attribute("src", timeout=5000)
        return decoded(self.page.request.get(source).body())

    def press(self, key, name="focus"):
        super().press(key, name)
        self.finish()

    def click(self, x, y):
        self.page.locator("#refocused img").click(position=self.position("#refocused img", x, y))


def decoded(data):
    """A picture's file as H×W×3 in [0, 1]."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32) / 255
