"""Votes: nothing is lost, nothing counts twice, and the interval is the right one."""

import csv
import io
import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from autofocus.compare.tally import Tally, wilson
from autofocus.compare.votes import (
    FORMULA,
    LEFT,
    RIGHT,
    TIE,
    Pair,
    Reviews,
    next_pair,
    votes_file,
)
from autofocus.errors import ReviewError

VERSIONS = [("coarse", "a" * 64), ("fine", "b" * 64)]
MAKER = "maker"
PHOTOS = [(f"{number:064x}", b"picture") for number in range(20)]


@pytest.fixture
def reviews(tmp_path):
    return Reviews(tmp_path / "new" / "votes.sqlite")


def cast(file, review, reviewer):
    """All votes of one reviewer, for the version called "fine"."""
    reviews = Reviews(file)
    for photo in reviews.find(review).photos:
        pair = next_pair(reviews.find(review), photo)
        reviews.vote(pair, LEFT if pair.sides[0] == "b" * 64 else RIGHT, reviewer)


@pytest.mark.parametrize(
    "pool", [ThreadPoolExecutor, pytest.param(ProcessPoolExecutor, marks=pytest.mark.slow)]
)
def test_eight_at_once_lose_nothing(reviews, pool):
    review = reviews.create(VERSIONS, PHOTOS, MAKER)
    options = {}
    if pool is ProcessPoolExecutor:
        options["mp_context"] = multiprocessing.get_context("spawn")
    with pool(8, **options) as workers:
        list(workers.map(cast, [reviews.file] * 8, [review.id] * 8, "ABCDEFGH"))
    (tally,) = Reviews(reviews.file).tallies(MAKER)
    assert (tally.first, tally.second, tally.ties) == (0, 160, 0)
    rows = list(csv.DictReader(io.StringIO(reviews.export(MAKER))))
    assert len(rows) == 160
    assert {row["preferred"] for row in rows} == {"fine"}
    assert {(row["reviewer"], row["photo"]) for row in rows} == {
        (reviewer, photo) for reviewer in "ABCDEFGH" for photo, _ in PHOTOS
    }


def test_a_new_file_may_be_opened_by_many_at_once(tmp_path):
    def open_one(_):
        return Reviews(tmp_path / "votes.sqlite").made_by(MAKER)

    with ThreadPoolExecutor(8) as workers:
        assert list(workers.map(open_one, range(8))) == [[]] * 8


def test_votes_survive_and_a_reviewer_goes_on_where_they_stopped(reviews):
    review = reviews.create(VERSIONS, PHOTOS[:3], MAKER)
    reviews.vote(next_pair(review, PHOTOS[1][0]), TIE, "AB")
    again = Reviews(reviews.file)
    assert again.made_by(MAKER) == [review]
    assert again.open_photos(review, "AB") == [PHOTOS[0][0], PHOTOS[2][0]]
    assert len(again.open_photos(review, "CD")) == 3
    assert again.small_copy(PHOTOS[0][0]) == b"picture"
    assert again.tallies(MAKER)[0].ties == 1


def test_a_vote_that_is_sent_twice_counts_once(reviews):
    review = reviews.create(VERSIONS, PHOTOS[:1], MAKER)
    pair = next_pair(review, PHOTOS[0][0])
    reviews.vote(pair, LEFT, "AB")
    reviews.vote(pair, RIGHT, "AB")
    (tally,) = reviews.tallies(MAKER)
    assert tally.decided == 1


def test_one_vote_a_reviewer_and_photo_in_whatever_review_and_order(reviews):
    review = reviews.create(VERSIONS, PHOTOS[:2], MAKER)
    other = reviews.create(VERSIONS[::-1], PHOTOS[:2], MAKER)
    for place, sides in ((review, "ab"), (review, "ba"), (other, "ab"), (other, "ba")):
        left, right = (64 * letter for letter in sides)
        pair = Pair(f"{place.id}{sides}", place.id, PHOTOS[0][0], (left, right))
        reviews.vote(pair, LEFT, " ab ")
    assert reviews.tallies(MAKER) == [Tally(("coarse", "fine"), 1, 0, 0)]
    assert reviews.open_photos(other, "AB") == [PHOTOS[1][0]]
    assert reviews.open_photos(other, "CD") == [PHOTOS[0][0], PHOTOS[1][0]]


@pytest.mark.parametrize("initials", ["", "  ", "A1", "ABCDE", "=A", "A B", None, 3])
def test_initials_are_a_few_letters(reviews, initials):
    review = reviews.create(VERSIONS, PHOTOS[:1], MAKER)
    with pytest.raises(ReviewError, match="one to 4 letters"):
        reviews.vote(next_pair(review, PHOTOS[0][0]), LEFT, initials)
    with pytest.raises(ReviewError, match="one to 4 letters"):
        reviews.open_photos(review, initials)
    assert reviews.export(MAKER).count("\n") == 1


def test_a_review_cannot_be_guessed(reviews):
    ids = {reviews.create(VERSIONS, PHOTOS[:1], MAKER).id for _ in range(20)}
    assert len(ids) == 20 and min(map(len, ids)) >= 22


@pytest.mark.parametrize("name", ["=HYPERLINK(0)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_computes_nothing_of_an_export(reviews, name):
    review = reviews.create([(name, "a" * 64), VERSIONS[1]], PHOTOS[:1], MAKER)
    reviews.vote(next_pair(review, PHOTOS[0][0]), LEFT, "AB")
    rows = list(csv.reader(io.StringIO(reviews.export(MAKER), newline="")))
    assert len(rows) == 2
    assert not any(cell.startswith(FORMULA) for row in rows for cell in row)
    assert f"'{name}" in rows[1]


EARLIER = """
DROP INDEX once_each;
ALTER TABLE votes DROP COLUMN maker;
ALTER TABLE reviews DROP COLUMN maker;
"""


@pytest.mark.parametrize("one_vote_each", [False, True])
def test_a_file_of_an_earlier_version_keeps_the_first_vote(reviews, one_vote_each):
    review = reviews.create(VERSIONS, PHOTOS[:1], "")
    with reviews.opened() as file:
        file.executescript(EARLIER)
        for number in range(1 if one_vote_each else 3):
            row = (str(number), review.id, PHOTOS[0][0], *review.versions, number, "AB", "now")
            file.execute("INSERT INTO votes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        if one_vote_each:
            file.execute("CREATE UNIQUE INDEX once ON votes (photo, reviewer)")
    assert reviews.tallies("") == [Tally(("coarse", "fine"), 0, 0, 1)]
    # Nobody in particular has made that review; whoever has its link can still judge.
    assert reviews.made_by(MAKER) == []
    other = reviews.create(VERSIONS, PHOTOS[:1], MAKER)
    reviews.vote(next_pair(other, PHOTOS[0][0]), TIE, "AB")
    assert reviews.tallies(MAKER) == [Tally(("coarse", "fine"), 0, 0, 1)]


def test_a_maker_sees_their_own_reviews_and_no_stranger_takes_votes_away(reviews):
    mine = reviews.create(VERSIONS, PHOTOS[:1], MAKER)
    strange = reviews.create(VERSIONS, PHOTOS[:1], "stranger")
    reviews.vote(Pair("1", strange.id, PHOTOS[0][0], mine.versions), LEFT, "AB")
    assert reviews.open_photos(mine, "AB") == [PHOTOS[0][0]]
    reviews.vote(Pair("2", mine.id, PHOTOS[0][0], mine.versions), RIGHT, "AB")
    for maker, review, counts in ((MAKER, mine, (0, 1)), ("stranger", strange, (1, 0))):
        assert reviews.made_by(maker) == [review]
        assert reviews.tallies(maker) == [Tally(("coarse", "fine"), *counts)]
        (row,) = csv.DictReader(io.StringIO(reviews.export(maker)))
        assert row["review"] == review.id
    assert reviews.made_by("nobody") == reviews.tallies("nobody") == []


def test_sides_are_counted_for_the_versions_that_were_there(reviews):
    review = reviews.create(VERSIONS, PHOTOS, MAKER)
    other = reviews.create(VERSIONS[::-1], PHOTOS, MAKER)  # the same pair, in another review
    for number, (sides, choice) in enumerate(
        [("ab", LEFT), ("ba", RIGHT), ("ab", RIGHT), ("ba", TIE), ("ba", LEFT)]
    ):
        place = other if number == 0 else review
        left, right = (64 * letter for letter in sides)
        reviews.vote(Pair(str(number), place.id, PHOTOS[number][0], (left, right)), choice, "AB")
    assert reviews.tallies(MAKER) == [Tally(("coarse", "fine"), 2, 2, 1)]


def test_both_orders_come_up(reviews):
    review = reviews.create(VERSIONS, PHOTOS, MAKER)
    orders = [next_pair(review, PHOTOS[0][0]).sides for _ in range(200)]
    assert 60 < orders.count(review.versions) < 140  # 6 standard deviations


@pytest.mark.parametrize(
    ("versions", "photos"), [(VERSIONS[:1] * 2, PHOTOS), (VERSIONS[:1], PHOTOS), (VERSIONS, [])]
)
def test_reviews_that_make_no_sense_are_refused(reviews, versions, photos):
    with pytest.raises(ReviewError):
        reviews.create(versions, photos, MAKER)


def test_unknown_reviews_choices_and_files_get_a_sentence(reviews, tmp_path):
    with pytest.raises(ReviewError, match="no such review"):
        reviews.find("other")
    review = reviews.create(VERSIONS, PHOTOS[:1], MAKER)
    with pytest.raises(ValueError, match="neither"):
        reviews.vote(next_pair(review, PHOTOS[0][0]), 3, "AB")
    for strange in (
        Pair("1", review.id, PHOTOS[1][0], review.versions),
        Pair("1", review.id, PHOTOS[0][0], ("c" * 64, "a" * 64)),
    ):
        with pytest.raises(ReviewError, match="not part of the review"):
            reviews.vote(strange, LEFT, "AB")
    (tmp_path / "no.sqlite").write_text("these are no votes, but text that goes on for a while")
    for place in (tmp_path / "no.sqlite", tmp_path / "no.sqlite" / "below", tmp_path):
        with pytest.raises(ReviewError, match="cannot be used"):
            Reviews(place).made_by(MAKER)


def test_one_photo_twice_is_shown_once(reviews):
    assert len(reviews.create(VERSIONS, PHOTOS[:2] * 2, MAKER).photos) == 2


def test_the_file_is_where_the_operator_says(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOFOCUS_VOTES", str(tmp_path / "mine"))
    assert votes_file() == tmp_path / "mine"
    monkeypatch.delenv("AUTOFOCUS_VOTES")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert votes_file() == tmp_path / "autofocus" / "votes.sqlite"


@pytest.mark.parametrize(
    ("wins", "votes", "low", "high"),
    # Newcombe (1998), table I, method 4; the first was printed in closed form for n = 20.
    [
        (81, 263, 0.2535, 0.3682),
        (15, 148, 0.0598, 0.1644),
        (0, 20, 0.0, 0.2005),
        (1, 29, 0.0018, 0.1963),
    ],
)
def test_the_interval_is_newcombes(wins, votes, low, high):
    assert wilson(wins, votes) == pytest.approx((low, high), abs=6e-5)
    mirrored = wilson(votes - wins, votes)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=6e-5)


def test_the_interval_holds_the_fraction_and_narrows():
    widths = []
    for votes in (1, 4, 16, 64, 256):
        for wins in range(votes + 1):
            low, high = wilson(wins, votes)
            assert 0 <= low <= wins / votes <= high <= 1
        low, high = wilson(votes // 2, votes)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert wilson(0, 0) == (0, 1)
    with pytest.raises(ValueError, match="not a fraction"):
        wilson(3, 2)


def test_beyond_chance_is_what_an_exact_sign_test_says():
    for votes in range(1, 80):
        for wins in range(votes // 2 + 1, votes + 1):
            tail = sum(math.comb(votes, k) for k in range(wins, votes + 1)) / 2**votes
            said = Tally(("A", "B"), wins, votes - wins).describe()
            if 2 * tail > 0.05 or 2 * tail < 0.045:
                assert said.endswith("beyond chance") == (2 * tail < 0.05), said


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((5, 14, 0), "B preferred, 14 of 19, too few to say"),
        ((2, 17, 3), "B preferred, 17 of 19, beyond chance (3 tied)"),
        ((5, 5, 0), "Even, 5 of 10, too few to say"),
        ((0, 0, 2), "No preference yet (2 tied)"),
    ],
)
def test_the_sentence_is_plain(counts, words):
    assert Tally(("A", "B"), *counts).describe() == words
