"""Who is here, and every file of theirs.

Under GRADIO_TEMP_DIR each server has one folder, and in it each visit has one. A visit's folder
goes when the visitor leaves; its files go when they are as old as the operator lets them become;
the server's folder goes when it stops. What a server left that was killed goes when the next one
starts: no lock is held on that folder any more.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from autofocus.errors import BusyError
from autofocus.page.limits import FULL, MANY, MEGA, Limits

SERVER, LOCK = "autofocus-", "lock"
PAGE, UPLOADS, VISITS, TEMPORARY = "page", "uploads", "visits", "tmp"  # folders of the server
GRACE = 4.0  # seconds in which a page that was closed may come back (a reload)
PROGRAM_KEPT = 600.0  # seconds that what a program (with no page open) asked for can be fetched
TICK = 1.0  # seconds between two looks at who is here
VISIT_DISK = 500 * MEGA  # bytes above which the oldest images of one visit go
FRESH = 60.0  # seconds in which a browser has surely fetched an image


class LeftError(Exception):
    """Nobody waits for this work any longer."""


@dataclass(eq=False)
class Visitor:
    """One open page, or one program."""

    folder: Path
    seen: float  # when it was last heard of, on the clock of `time.monotonic`
    pages: int = 0  # open connections that say that the page is still there
    page: bool = False  # whether there ever was one
    working: int = 0  # events that are being handled
    uploads: set[Path] = field(default_factory=set)  # folders of what came in for the visit
    left: threading.Event = field(default_factory=threading.Event)

    def is_away(self, now: float) -> bool:
        """Whether the page was closed, or the program silent, for too long to come back."""
        if self.pages or (self.working and not self.page):
            return False
        return now - self.seen > (GRACE if self.page else PROGRAM_KEPT)


@dataclass(frozen=True)
class Work:
    """What is being done, and for whom."""

    visitor: Visitor
    is_wanted: Callable[[], bool]  # whether somebody waits for it


work: ContextVar[Work | None] = ContextVar("work", default=None)


def folder() -> Path | None:
    """The folder of the visit that is being served; None outside any."""
    present = work.get()
    return present.visitor.folder if present else None


def own(upload: Path) -> None:
    """Have an upload go with the visit that is being served."""
    present = work.get()
    if present:
        present.visitor.uploads.add(upload.parent)


def new_folder() -> Path:
    """An empty folder in that of the visit (outside any: in the system's)."""
    return Path(tempfile.mkdtemp(prefix="autofocus-", dir=folder()))


def page_folder() -> Path:
    """Where the page's own files are kept for as long as the server runs.

    Outside any server: the system's folder for temporary files.
    """
    own = Path(tempfile.gettempdir())
    root = own.parent
    return root / PAGE if root.name.startswith(SERVER) else own


def is_left() -> bool:
    """Whether the visitor for whom this is being done has left."""
    present = work.get()
    return bool(present) and (present.visitor.left.is_set() or not present.is_wanted())


def go_on() -> None:
    """LeftError if nobody waits for this any longer."""
    if is_left():
        raise LeftError


class Visits:
    """All visits of one server, and its folder."""

    def __init__(self, parent: Path, limits: Limits) -> None:
        self.limits = limits
        self.visitors: dict[str, Visitor] = {}
        self.forget: Callable[[str], None] = lambda session: None  # what else holds a visit
        self.guard, self.stopping = threading.RLock(), threading.Event()
        self.used = 0  # bytes on disk, at the last look
        self.root = self.make_root(parent)

    def make_root(self, parent: Path) -> Path:
        """This server's folder, with the lock that says so; those of dead servers go."""
        parent.mkdir(parents=True, exist_ok=True)
        parent = parent.resolve()
        with FileLock(parent / ".autofocus.lock"):  # or another could sweep before ours is locked
            sweep(parent)
            root = Path(tempfile.mkdtemp(prefix=SERVER, dir=parent))
            self.lock = FileLock(root / LOCK)
            self.lock.acquire(blocking=False)
        for name in (PAGE, UPLOADS, VISITS, TEMPORARY):
            (root / name).mkdir()
        tempfile.tempdir = str(root / TEMPORARY)  # nothing of this process lies anywhere else
        return root

    def start(self) -> None:
        """Look after the visits from now on."""
        threading.Thread(target=self.watch, name="visits", daemon=True).start()

    def watch(self) -> None:
        """Until the server stops: end visits that are over, and delete what is too old."""
        while not self.stopping.wait(TICK):
            try:
                self.look()
            except Exception:  # noqa: BLE001  # or nothing would ever be deleted any more
                traceback.print_exc()

    def look(self) -> None:
        """One look at who is here."""
        now = time.monotonic()
        with self.guard:
            away = {name: each for name, each in self.visitors.items() if each.is_away(now)}
        for name, visitor in away.items():
            visitor.left.set()  # what is being done for them ends, and then the visit
            if not visitor.working:
                self.end(name)
        self.delete_old()

    def of(self, session: str) -> Visitor:
        """The visitor of this session, also one who comes just now; BusyError if all is full."""
        with self.guard:
            visitor = self.visitors.get(session)
            if visitor is None:
                if len(self.visitors) >= self.limits.visitors:
                    self.make_room()
                folder = self.root / VISITS / secrets.token_hex(16)
                folder.mkdir()
                visitor = self.visitors[session] = Visitor(folder, time.monotonic())
            if not (visitor.page and visitor.left.is_set()):
                visitor.seen = time.monotonic()
            return visitor

    def make_room(self) -> None:
        """End the visit of a program that was heard of longest ago; BusyError if there is none."""
        idle = [
            (visitor.seen, name)
            for name, visitor in self.visitors.items()
            if not (visitor.page or visitor.working)
        ]
        if not idle:
            raise BusyError(MANY)
        self.end(min(idle)[1])

    @contextlib.contextmanager
    def page_open(self, session: str) -> Iterator[None]:
        """While a page says that it is there."""
        visitor = self.of(session)
        visitor.pages, visitor.page = visitor.pages + 1, True
        try:
            yield
        finally:
            with self.guard:
                visitor.pages, visitor.seen = visitor.pages - 1, time.monotonic()

    @contextlib.contextmanager
    def working(self, session: str, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """While something is being done for a visitor."""
        if self.used > self.limits.disk:
            raise BusyError(FULL)
        visitor = self.of(session)
        with self.guard:
            visitor.working += 1
        token = work.set(Work(visitor, is_wanted))
        try:
            yield
        finally:
            work.reset(token)
            with self.guard:
                visitor.working -= 1

    def end(self, session: str) -> None:
        """Forget a visit, and delete its folder."""
        with self.guard:
            visitor = self.visitors.pop(session, None)
        if visitor is not None:
            visitor.left.set()
            self.forget(session)
            for folder in (visitor.folder, *visitor.uploads):
                shutil.rmtree(folder, ignore_errors=True)

    def delete_old(self) -> None:
        """Delete every file that is too old, and what a visit has too much of; count the rest."""
        oldest, used = time.time() - self.limits.kept, 0
        for place in (UPLOADS, TEMPORARY):
            used += keep_young(self.root / place, oldest)
        for file in self.root.glob("tmp?*"):  # uploads on their way
            used += keep_young(file, oldest)
        for visit in (self.root / VISITS).iterdir():
            used += keep_small(visit, keep_young(visit, oldest))
        self.used = used

    def stop(self) -> None:
        """Delete everything; the server is done."""
        self.stopping.set()
        for visitor in list(self.visitors.values()):
            visitor.left.set()
        with contextlib.suppress(OSError):
            self.lock.release()
        shutil.rmtree(self.root, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Delete the folders of servers that do not live any more."""
    for root in parent.glob(f"{SERVER}*"):
        lock = FileLock(root / LOCK)
        try:
            with lock.acquire(blocking=False):
                shutil.rmtree(root, ignore_errors=True)
        except (Timeout, OSError):
            continue


def files_of(place: Path) -> list[tuple[float, int, Path]]:
    """All files in a folder (or the file itself): time, bytes on disk, path.

    What is deleted meanwhile is left out; `os.walk` minds it no more than this does.
    """
    inside = (Path(folder) / name for folder, _, names in os.walk(place) for name in names)
    files = []
    for file in [place] if place.is_file() else inside:
        with contextlib.suppress(OSError):
            facts = file.lstat()
            # A file with two names, as an upload that a visit uses, is counted once.
            files.append((facts.st_mtime, facts.st_size // max(1, facts.st_nlink), file))
    return files


def keep_young(place: Path, oldest: float) -> int:
    """Delete the files older than `oldest` (and what is empty then) → bytes of the others."""
    used = 0
    for made, size, file in files_of(place):
        if made < oldest:
            delete(file, place)
        else:
            used += size
    return used


def keep_small(visit: Path, used: int) -> int:
    """Delete the oldest images of a visit that has too many → bytes that are left."""
    if used <= VISIT_DISK:
        return used
    for made, size, file in sorted(files_of(visit)):
        if used <= VISIT_DISK or time.time() - made < FRESH:
            break
        if not any(part.startswith("autofocus-") for part in file.relative_to(visit).parts):
            delete(file, visit)
            used -= size
    return used


def delete(file: Path, place: Path) -> None:
    """Delete a file, and its folder if that is empty then."""
    with contextlib.suppress(OSError):
        file.unlink()
        if file.parent != place:
            os.rmdir(file.parent)
