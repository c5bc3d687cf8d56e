"""A blind review by two people at once: every vote is kept, and nothing tells which is which."""

import csv
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import TimeoutError as NotYet

from autofocus.compare.votes import Reviews
from autofocus.photo import read_photo
from autofocus.predict import predict
from autofocus.versions.catalog import DEFAULT
from autofocus.versions.weights import load_network
from tests.browser.conftest import LARGEST_SHIFT

PATIENCE = 60_000
PHOTOS = 20
NAMES = ("coarse-monday", "coarse-friday")
# Each viewer's depths on the blind page, in [0, 1].
DEPTHS = """() => ['judge-1', 'judge-2'].map((name) =>
  [...window.autofocus.viewers[name].scene.maps.filter((_, index) => index % 4 === 0)]
    .map((depth) => depth / 65535))"""
SHOWN = "() => ['judge-1', 'judge-2'].map((name) => window.autofocus?.viewers?.[name]?.shown)"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twenty small photos, none like another."""
    folder, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    files = [folder / f"{number:02}.png" for number in range(PHOTOS)]
    for file in files:
        coarse = Image.fromarray(generator.integers(0, 255, (6, 8, 3), np.uint8))
        coarse.resize((64, 48), Image.Resampling.BICUBIC).save(file)
    return files


@pytest.fixture(scope="module")
def expected(photos, tiny_versions):
    """The depths of each photo, in order, by each version's name."""
    networks = {name: load_network(version) for name, version in tiny_versions.items()}
    pixels = [read_photo(file).pixels for file in photos]
    return {
        name: [predict(network, photo).depth.ravel() for photo in pixels]
        for name, network in networks.items()
    }


class Reviewer:
    """Somebody with the blind page open; `traffic` is all that went to and fro."""

    def __init__(self, browser, address, initials):
        self.page = browser.new_context(viewport={"width": 1000, "height": 700}).new_page()
        self.traffic, self.responses = [], []
        self.page.on("request", self.on_request)
        self.page.on("response", lambda response: self.responses.append(response))
        self.events = self.page.context.new_cdp_session(self.page)
        self.events.send("Network.enable")
        self.events.on("Network.eventSourceMessageReceived", self.on_event)
        self.page.goto(address)
        self.before = [None, None]
        self.begin(initials)

    def begin(self, initials):
        """Give initials, again if the page was not yet listening."""
        for _ in range(6):
            self.page.locator("#judge-initials").locator("input, textarea").fill(initials)
            self.page.locator("#judge-begin").click()
            try:
                answered = self.page.locator("#judge-status .note", has_text=re.compile("."))
                return answered.wait_for(timeout=5000)
            except NotYet:
                continue

    def on_request(self, request):
        self.traffic.append(f"{request.url} {request.post_data or ''}")

    def on_event(self, event):
        self.traffic.append(event["data"])

    def wait_for_pair(self):
        """Wait until two new pictures are shown → the depths of each."""
        ready = f"(before) => ({SHOWN})().every((run, k) => run && run !== before[k])"
        self.page.wait_for_function(ready, arg=self.before, timeout=PATIENCE)
        self.before = self.page.evaluate(SHOWN)
        self.traffic.append(self.page.content())
        return [np.float32(depths) for depths in self.page.evaluate(DEPTHS)]

    def everything(self):
        """All that the browser got or sent, as text."""
        kinds = ("text/html", "json", "javascript")
        bodies = []
        for response in self.responses:
            kind = response.headers.get("content-type", "")
            self.traffic.append(f"{response.url} {response.headers}")
            if any(word in kind for word in kinds):
                bodies.append(response.text())
        return "\n".join([*self.traffic, *bodies])


def make_review(visitor, photos):
    """Make a review of the two tiny versions → its link."""
    page = visitor.page
    page.get_by_role("tab", name="Review").click()
    page.locator("#review-upload input[type=file]").set_input_files(photos)
    page.locator("#review-upload .file-preview").wait_for(timeout=PATIENCE)
    for number, name in enumerate(NAMES):
        choose(page, number, name)
    page.locator("#review-make").click()
    page.locator("#review-status .note", has_text="is ready").wait_for(timeout=PATIENCE)
    return visitor.address + page.locator("#review-results a").first.get_attribute("href")


def choose(page, number, name):
    """Choose one of the two versions."""
    box = page.locator(f"#review-version-{number} input")
    box.click()
    page.locator(f"#{box.get_attribute('aria-controls')}").get_by_label(name, exact=True).click()


def side_of(depths, wanted):
    """The key of the viewer that shows these depths."""
    distances = [float(np.abs(shown - wanted).mean()) for shown in depths]
    assert min(distances) < 0.01 < 3 * min(distances) + 0.01 < max(distances) + 0.01
    return "12"[int(np.argmin(distances))]


def test_two_reviewers_at_once_forty_votes(visitor, browser, photos, expected, votes_file):
    link = make_review(visitor, photos)
    review = Reviews(votes_file).find(link.split("review=")[1])
    reviewers = [Reviewer(browser, link, initials) for initials in ("ab", "CD")]
    # 26 votes for friday, 8 for monday, 6 ties.
    plan = {"AB": "ffffffffffffffmmmm00", "CD": "ffffffffffffmmmm0000"}
    for number in range(PHOTOS):
        for reviewer, votes in zip(reviewers, plan.values(), strict=True):
            depths = reviewer.wait_for_pair()
            friday = side_of(depths, expected["coarse-friday"][number])
            monday = side_of(depths, expected["coarse-monday"][number])
            assert {friday, monday} == {"1", "2"}
            key = {"f": friday, "m": monday, "0": "0"}[votes[number]]
            if number % 2:
                reviewer.page.keyboard.press(key)
            else:
                reviewer.page.locator(f"#judge-{key}").click()
    for reviewer in reviewers:
        reviewer.page.locator("#judge-status", has_text="last pair").wait_for(timeout=PATIENCE)
        seen = reviewer.everything()
        assert "judge-begin" in seen and seen.count(".maps.bin") >= 2 * PHOTOS
        secrets = [*NAMES, DEFAULT, *review.versions, review.maker]
        assert not [secret for secret in secrets if secret in seen]
        reviewer.page.context.close()
    assert_counted(visitor, Reviews(votes_file).tallies(review.maker))


def assert_counted(visitor, tallies):
    """Forty rows, the right tallies in file and on the page, and the same in the export."""
    (tally,) = tallies
    votes = dict(zip(tally.names, (tally.first, tally.second), strict=True))
    assert votes == {"coarse-friday": 26, "coarse-monday": 8} and tally.ties == 6
    visitor.page.locator("#review-refresh").click()
    verdict = "coarse-friday preferred, 26 of 34, beyond chance (6 tied)"
    visitor.page.locator("#review-results", has_text=verdict).wait_for(timeout=PATIENCE)
    name, data = visitor.download("review-export")
    rows = list(csv.DictReader(data.decode().splitlines()))
    assert re.fullmatch(r"votes.*\.csv", name) and len(rows) == 40
    assert len({(row["reviewer"], row["photo"]) for row in rows}) == 40
    assert len({row["left"] for row in rows}) == 2  # both were on the left at times


def test_results_are_shown_to_the_browser_that_made_the_review(visit, photos):
    maker, stranger = visit(), visit()
    make_review(maker, photos[:1])
    maker.page.reload()
    for visitor, says in ((maker, "No preference yet"), (stranger, "no review in this browser")):
        visitor.page.get_by_role("tab", name="Review").click()
        visitor.page.locator("#review-results", has_text=says).wait_for(timeout=PATIENCE)
    assert stranger.page.locator("#review-results a").count() == 0


def test_initials_are_letters(visitor, browser, photos):
    reviewer = Reviewer(browser, make_review(visitor, photos[:2]), "1!")
    reviewer.page.locator("#judge-status [role=alert]", has_text="initials").wait_for()
    reviewer.page.context.close()


def test_unknown_links_and_equal_versions_get_a_sentence(visitor, browser):
    reviewer = Reviewer(browser, f"{visitor.address}blind?review=none", "GH")
    reviewer.page.locator("#judge-status [role=alert]", has_text="no such review").wait_for()
    reviewer.page.context.close()
    visitor.page.get_by_role("tab", name="Review").click()
    choose(visitor.page, 1, DEFAULT)
    visitor.page.locator("#review-make").click()
    visitor.page.locator("#review-status [role=alert]", has_text="two different").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_it_fits_and_is_accessible(visit, photos, scheme):
    visitor = visit(390, 844, color_scheme=scheme)
    link = make_review(visitor, photos[:1])
    assert_fits(visitor.page)
    visitor.page.goto(link)
    visitor.page.locator("#judge-initials").locator("input, textarea").fill("IJ")
    assert_fits(visitor.page)
    visitor.page.locator("#judge-begin").click()
    visitor.page.wait_for_function(f"() => ({SHOWN})().every(Boolean)", timeout=PATIENCE)
    assert_fits(visitor.page)
    assert visitor.page.evaluate("window.layoutShift") <= LARGEST_SHIFT


def assert_fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert found.violations_count == 0, found.generate_report()
