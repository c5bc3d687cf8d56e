"""Blind reviews in one SQLite file: which versions on which photos, and every vote.

The file is at AUTOFOCUS_VOTES, or in the user's data folder. It is in WAL mode, so that reviewers
who vote at once wait for each other and lose nothing. It keeps small copies of the photos, without
their metadata, so that a review can go on on another day. Who has made a review sees its results,
and is known by a token that only their browser has.
"""

import csv
import io
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autofocus.compare.tally import Tally
from autofocus.errors import ReviewError

VOTES_VARIABLE = "AUTOFOCUS_VOTES"
PATIENCE = 30  # seconds that a writer waits for the others
LEFT, RIGHT, TIE = 1, 2, 0
LONGEST_INITIALS = 4
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS photos (sha256 TEXT PRIMARY KEY, picture BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS reviews (
  id TEXT PRIMARY KEY, time TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL,
  maker TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE IF NOT EXISTS review_photos (
  review TEXT NOT NULL, position INTEGER NOT NULL, photo TEXT NOT NULL,
  PRIMARY KEY (review, position)) STRICT;
CREATE TABLE IF NOT EXISTS votes (
  pair TEXT PRIMARY KEY, review TEXT NOT NULL, photo TEXT NOT NULL,
  left_version TEXT NOT NULL, right_version TEXT NOT NULL,
  choice INTEGER NOT NULL CHECK (choice IN (0, 1, 2)),
  reviewer TEXT NOT NULL, time TEXT NOT NULL, maker TEXT NOT NULL DEFAULT '') STRICT;
"""
EXPORT = """
SELECT votes.time, reviewer, photo, a.name, left_version, b.name, right_version,
  CASE choice WHEN 1 THEN a.name WHEN 2 THEN b.name ELSE 'tie' END, review
FROM votes JOIN versions a ON a.sha256 = left_version JOIN versions b ON b.sha256 = right_version
WHERE maker = ? ORDER BY votes.time, votes.rowid"""
HEADS = ["time", "reviewer", "photo", "left", "left_sha256", "right", "right_sha256"]
HEADS += ["preferred", "review"]
# Both orders of two versions are one pair: a reviewer votes once on a photo, in whatever review of
# the same maker. A stranger's review takes no votes away.
PAIR = "maker, min(left_version, right_version), max(left_version, right_version), photo, reviewer"
ONCE = (
    f"DELETE FROM votes WHERE rowid NOT IN (SELECT min(rowid) FROM votes GROUP BY {PAIR})",  # noqa: S608
    f"CREATE UNIQUE INDEX once_each ON votes ({PAIR})",
)
WITHOUT_MAKERS = (  # files of earlier versions
    "ALTER TABLE reviews ADD COLUMN maker TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE votes ADD COLUMN maker TEXT NOT NULL DEFAULT ''",
    "DROP INDEX IF EXISTS once",
)
JUDGED = """
SELECT photo FROM votes WHERE reviewer = :reviewer AND maker = :maker
  AND (left_version, right_version) IN (VALUES (:a, :b), (:b, :a))"""
COUNT = """
SELECT count(*) FILTER (WHERE choice = 1 AND left_version = :a OR choice = 2 AND left_version = :b),
  count(*) FILTER (WHERE choice = 1 AND left_version = :b OR choice = 2 AND left_version = :a),
  count(*) FILTER (WHERE choice = 0)
FROM votes
WHERE maker = :maker AND (left_version, right_version) IN (VALUES (:a, :b), (:b, :a))"""


@dataclass(frozen=True)
class Review:
    """Two versions to be judged on some photos."""

    id: str  # cannot be guessed: whoever has it may judge
    versions: tuple[str, str]  # what identifies them, see `Version.sha256`
    names: tuple[str, str]
    photos: list[str]  # SHA-256 of their files, in the order in which they are shown
    time: str  # when it was made, ISO 8601 in UTC
    maker: str  # cannot be guessed: whoever has it may see the results


@dataclass(frozen=True)
class Pair:
    """One question to one reviewer: which side is better on this photo?"""

    id: str
    review: str
    photo: str
    sides: tuple[str, str]  # SHA-256 of the versions on the left and on the right


def votes_file() -> Path:
    """Where the votes are: AUTOFOCUS_VOTES, or `votes.sqlite` in the user's data folder."""
    if place := os.environ.get(VOTES_VARIABLE):
        return Path(place)
    data = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(data or Path.home() / ".local" / "share") / "autofocus" / "votes.sqlite"


class Reviews:
    """The file of reviews and votes; each call opens it anew, so any thread or process may."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or votes_file()

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The file, ready to be used, in one transaction; ReviewError if that is not possible."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=PATIENCE)) as connection:
                prepare(connection)
                with connection:
                    yield connection
        except (OSError, sqlite3.Error) as error:
            raise ReviewError(f"The file of votes cannot be used ({error}).") from error

    def create(
        self, versions: list[tuple[str, str]], photos: list[tuple[str, bytes]], maker: str
    ) -> Review:
        """Make a review.

        Args:
            versions: name and SHA-256 of two different versions.
            photos: SHA-256 and small copy, a PNG, of each, one at least; repeats are left out.
            maker: the token of who makes it.

        Raises:
            ReviewError: there are not two versions, or no photo, or the file cannot be written.

        """
        if len({sha256 for _, sha256 in versions}) != 2:
            raise ReviewError("A review needs two different versions.")
        if not photos:
            raise ReviewError("A review needs photos.")
        number = secrets.token_urlsafe(16)
        first, second = (sha256 for _, sha256 in versions)
        shown = enumerate(dict.fromkeys(sha256 for sha256, _ in photos))
        with self.opened() as file:
            names = [(sha256, name) for name, sha256 in versions]
            file.executemany("INSERT OR REPLACE INTO versions VALUES (?, ?)", names)
            file.executemany("INSERT OR IGNORE INTO photos VALUES (?, ?)", photos)
            row = (number, now(), first, second, maker)
            file.execute("INSERT INTO reviews VALUES (?, ?, ?, ?, ?)", row)
            file.executemany(
                "INSERT INTO review_photos VALUES (?, ?, ?)",
                [(number, position, photo) for position, photo in shown],
            )
        return self.find(number)

    def find(self, review: str) -> Review:
        """The review of this id; ReviewError if there is none."""
        with self.opened() as file:
            row = file.execute(
                "SELECT first, second, time, maker FROM reviews WHERE id = ?", (review,)
            ).fetchone()
            if row is None:
                raise ReviewError("There is no such review here. Ask for its link again.")
            photos = file.execute(
                "SELECT photo FROM review_photos WHERE review = ? ORDER BY position", (review,)
            ).fetchall()
            names = tuple(name_of(file, sha256) for sha256 in row[:2])
        first, second, made, maker = row
        return Review(review, (first, second), names, [photo for (photo,) in photos], made, maker)

    def made_by(self, maker: str) -> list[Review]:
        """The reviews of a maker, the latest first."""
        asked = "SELECT id FROM reviews WHERE maker = ? ORDER BY time DESC, rowid DESC"
        with self.opened() as file:
            reviews = file.execute(asked, (maker,)).fetchall()
        return [self.find(review) for (review,) in reviews]

    def small_copy(self, photo: str) -> bytes:
        """The small copy of a photo, a PNG; ReviewError if there is none of this SHA-256."""
        with self.opened() as file:
            row = file.execute("SELECT picture FROM photos WHERE sha256 = ?", (photo,)).fetchone()
        if row is None:
            raise ReviewError("There is no such photo in the reviews here.")
        return row[0]

    def open_photos(self, review: Review, reviewer: str) -> list[str]:
        """The photos of a review whose pair a reviewer has not voted on, in the review's order."""
        first, second = review.versions
        asked = {"reviewer": check_initials(reviewer), "a": first, "b": second}
        asked["maker"] = review.maker
        with self.opened() as file:
            rows = file.execute(JUDGED, asked).fetchall()
        judged = {photo for (photo,) in rows}
        return [photo for photo in review.photos if photo not in judged]

    def vote(self, pair: Pair, choice: int, reviewer: str) -> None:
        """Keep a vote: LEFT, RIGHT or TIE.

        A reviewer's second vote on the same photo and versions changes nothing.

        Raises:
            ReviewError: the initials are none, the pair is of no review, or the file cannot be
                written.
            ValueError: there is no such choice.

        """
        if choice not in (LEFT, RIGHT, TIE):
            raise ValueError(f"{choice!r} is neither left, right nor a tie")
        reviewer, review = check_initials(reviewer), self.find(pair.review)
        if pair.photo not in review.photos or {*pair.sides} != {*review.versions}:
            raise ReviewError("This pair is not part of the review. Reload the page.")
        row = (pair.id, pair.review, pair.photo, *pair.sides, choice, reviewer, now(), review.maker)
        with self.opened() as file:
            file.execute("INSERT OR IGNORE INTO votes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def tallies(self, maker: str) -> list[Tally]:
        """One for each pair of versions that a maker has a review of, the latest first."""
        with self.opened() as file:
            pairs = file.execute(
                "SELECT min(first, second), max(first, second) FROM reviews WHERE maker = ? "
                "GROUP BY 1, 2 ORDER BY max(time) DESC",
                (maker,),
            ).fetchall()
            return [tally_of(file, *pair, maker) for pair in pairs]

    def export(self, maker: str) -> str:
        """All votes in a maker's reviews as CSV: a head and one row for each, the earliest first.

        A cell that a spreadsheet would take for a formula begins with an apostrophe.
        """
        with self.opened() as file:
            rows = file.execute(EXPORT, (maker,)).fetchall()
        text = io.StringIO()
        csv.writer(text).writerows([HEADS, *(map(as_text, row) for row in rows)])
        return text.getvalue()


def prepare(connection: sqlite3.Connection) -> None:
    """WAL and the tables, once for each file; whoever comes second waits."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            # Switching to WAL does not wait for others by itself.
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                break
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.01)
    if not has(connection, "votes"):
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
    if not has(connection, "once_each"):
        add_index(connection)


def has(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the file has a table or an index of this name."""
    asked = "SELECT 1 FROM sqlite_schema WHERE name = ?"
    return connection.execute(asked, (name,)).fetchone() is not None


def add_index(connection: sqlite3.Connection) -> None:
    """Let a second vote be none; files of earlier versions keep the first of each."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        if has(connection, "once_each"):
            return  # somebody else was quicker
        columns = [row[1] for row in connection.execute("PRAGMA table_info(votes)")]
        for statement in (() if "maker" in columns else WITHOUT_MAKERS) + ONCE:
            connection.execute(statement)


def check_initials(initials: str) -> str:
    """A reviewer's initials in capitals; ReviewError unless they are a few letters."""
    letters = initials.strip().upper() if isinstance(initials, str) else ""
    if not letters.isalpha() or len(letters) > LONGEST_INITIALS:
        raise ReviewError(f"Give your initials first: one to {LONGEST_INITIALS} letters.")
    return letters


def as_text(cell: str) -> str:
    """A cell of a CSV file that no spreadsheet computes."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def name_of(file: sqlite3.Connection, sha256: str) -> str:
    """What a version was called when it was last put into a review."""
    return file.execute("SELECT name FROM versions WHERE sha256 = ?", (sha256,)).fetchone()[0]


def tally_of(file: sqlite3.Connection, first: str, second: str, maker: str) -> Tally:
    """All votes on two versions in a maker's reviews, whichever was on the left."""
    counts = file.execute(COUNT, {"a": first, "b": second, "maker": maker}).fetchone()
    return Tally((name_of(file, first), name_of(file, second)), *counts)


def next_pair(review: Review, photo: str) -> Pair:
    """A photo with the two versions in random order."""
    sides = review.versions if secrets.randbelow(2) else review.versions[::-1]
    return Pair(secrets.token_hex(8), review.id, photo, sides)


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
