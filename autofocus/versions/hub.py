"""The Hugging Face Hub: which revisions the operator's repos have, and files at their commits.

Nothing here knows what a version is. Files go into the Hub's own cache, which holds a file whole or
not at all; so do the configs that a listing asks for, and the last listing of each repo, for when
the Hub is slow, down or missing.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread
from typing import TypeVar

import httpx2
from huggingface_hub import (
    HfApi,
    constants,
    get_session,
    hf_hub_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
)

from autofocus.errors import NO_SPACE, HubError, PhotoError
from autofocus.files.atomic import write_text

REPOS_VARIABLE = "AUTOFOCUS_HUB_REPO"
MODELS_VARIABLE = "AUTOFOCUS_DEPTH_MODELS"
PATIENCE = 2.0  # seconds that a listing waits for all repos together
TIMEOUT = 10.0  # seconds that the Hub may take to answer one request
AT_ONCE = BoundedSemaphore(8)  # requests of listings
MAIN = "main"
CONFIG = "config.json"
COMMIT = re.compile("[0-9a-f]{40}")
# What the Hub's client raises, on faults of the network and on answers that are not a Hub's.
FAULTS = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError, TypeError)
FAULTS += (KeyError, AttributeError, OfflineModeIsEnabled)
REFUSALS = {
    401: "is private or does not exist. If it is private, set HF_TOKEN to a token that may read it",
    403: "may not be read with this HF_TOKEN. Ask its owner for access",
    404: "or what is asked of it does not exist. Check its name",
}
UNANSWERED = "The Hub did not answer within {seconds:g} seconds for {repo}. Try again later."
INTERRUPTED = "The download of {repo} was interrupted or corrupted. Try again."
FULL = "The disk has no room for {repo}. Make room where HF_HUB_CACHE points to, and try again."
UNREACHABLE = "The Hub cannot be reached for {repo}. Check the network"
CAUSES = (  # the first that is in the chain of errors says what went wrong
    (HFValidationError, "{repo!r} is not the name of a repo on the Hub. Write owner/name."),
    (httpx2.TimeoutException, UNANSWERED),
    ((httpx2.RemoteProtocolError, httpx2.ReadError), INTERRUPTED),
    (httpx2.ConnectError, f"{UNREACHABLE}."),
    ((OfflineModeIsEnabled, LocalEntryNotFoundError), f"{UNREACHABLE}, and HF_HUB_OFFLINE."),
    (
        (ValueError, TypeError, KeyError, AttributeError),
        "The answer for {repo} did not come from a Hub. "
        "Check for a proxy or a sign-in page in between, and HF_ENDPOINT.",
    ),
)
memory_lock = Lock()
Question, Answer = TypeVar("Question"), TypeVar("Answer")


@dataclass(frozen=True)
class Revision:
    """A branch or tag of a repo, and the commit that it stood for when it was looked up."""

    repo: str
    name: str
    commit: str
    date: str  # of the commit, YYYY-MM-DD, or ""

    def __post_init__(self):
        """Refuse a commit that is none: it becomes part of a path in the cache."""
        if not COMMIT.fullmatch(self.commit):
            raise ValueError(f"{self.commit!r} is not a commit")


@dataclass(frozen=True)
class Source:
    """What the operator named: a repo, all of it or one revision."""

    repo: str
    revision: str | None = None

    @property
    def key(self) -> str:
        """The source's name, with the Hub that it is on."""
        return f"{constants.ENDPOINT}/{self.repo}" + (f"@{self.revision}" if self.revision else "")


@dataclass(frozen=True)
class Listing:
    """What the operator's repos hold, and what went wrong while asking, in sentences."""

    revisions: tuple[Revision, ...] = ()  # of versions
    models: tuple[Revision, ...] = ()  # of depth models
    notices: tuple[str, ...] = ()
    silent: frozenset[str] = frozenset()  # repos that did not answer


def repos() -> list[str]:
    """The repos of versions that the operator named, separated by commas or spaces."""
    return names_in(REPOS_VARIABLE)


def names_in(variable: str) -> list[str]:
    """The words of an environment variable, each once."""
    return list(dict.fromkeys(os.environ.get(variable, "").replace(",", " ").split()))


def named_repos() -> list[str]:
    """Every repo that the operator named, of versions and of depth models."""
    return list(dict.fromkeys(repos() + [source.repo for source in model_sources()]))


def model_sources() -> list[Source]:
    """The depth models that the operator named: `owner/name` or `owner/name@revision`."""
    parts = [name.partition("@") for name in names_in(MODELS_VARIABLE)]
    return [Source(repo, revision or MAIN) for repo, _, revision in parts]


@lru_cache(maxsize=1)
def listing() -> Listing:
    """All revisions of all repos: asked for once; `listing.cache_clear()` has it asked again.

    It takes `PATIENCE` at most. Where the Hub does not answer in time, what it said last counts,
    and a notice says how old that is; an answer that comes later is kept for the next listing.
    """
    sources = [Source(repo) for repo in repos()] + model_sources()
    answers = ask_at_once(look_up, sources, PATIENCE)
    known, notices, silent = {}, [], set()
    for source, answer in zip(sources, answers, strict=True):
        if isinstance(answer, list):
            known[source] = answer
            continue
        known[source], age = recall(source)
        notices.append(f"{answer or unanswered(source.repo, PATIENCE)} {what_counts(age)}")
        silent.add(source.repo)
    return Listing(
        tuple(revision for source in known if not source.revision for revision in known[source]),
        tuple(revision for source in known if source.revision for revision in known[source]),
        tuple(notices),
        frozenset(silent),
    )


def ask_at_once(
    ask: Callable[[Question], Answer], questions: Iterable[Question], seconds: float
) -> list[Answer | HubError | None]:
    """Ask every question on a thread of its own → answers, errors, and None for what is late.

    The threads are daemons: a Hub that hangs keeps no program from ending.
    """
    questions = list(questions)
    answers: list[Answer | HubError | None] = [None] * len(questions)

    def answer(number: int) -> None:
        try:
            answers[number] = ask(questions[number])
        except HubError as error:
            answers[number] = error

    threads = [Thread(target=answer, args=[n], daemon=True) for n in range(len(questions))]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return list(answers)


def look_up(source: Source) -> list[Revision]:
    """The revisions of a source, their configs in the cache; kept for later. HubError if not."""
    try:
        if source.revision:
            revisions = [look_at(source.repo, source.revision, source.revision)]
        else:
            refs = client().list_repo_refs(source.repo)
            named = [(ref.name, ref.target_commit) for ref in (*refs.branches, *refs.tags)]
            revisions = ask_at_once(lambda ref: look_at(source.repo, *ref), named, 2 * TIMEOUT)
    except FAULTS as error:
        raise HubError(explain(error, source.repo)) from error
    for revision in revisions:
        if not isinstance(revision, Revision):
            raise revision or HubError(unanswered(source.repo, 2 * TIMEOUT))
    remember(source, revisions)
    return revisions


def look_at(repo: str, name: str, commit: str) -> Revision:
    """A revision with its date; its config goes into the cache, if there is one."""
    try:
        with AT_ONCE:
            info = client().repo_info(repo, revision=commit, timeout=TIMEOUT)
            date = info.last_modified.date().isoformat() if info.last_modified else ""
            revision = Revision(repo, name, info.sha, date)
            if not find_cached(repo, CONFIG, revision.commit):
                download(repo, CONFIG, revision.commit)
    except RemoteEntryNotFoundError:
        pass
    except FAULTS as error:
        raise HubError(explain(error, repo)) from error
    return revision


def fetch(repo: str, file: str, commit: str) -> Path:
    """A file of a repo at a commit: from the cache, or downloaded into it with a progress bar.

    Raises:
        HubError: it is not in the cache, and the Hub does not give it.

    """
    try:
        return find_cached(repo, file, commit) or download(repo, file, commit)
    except FAULTS as error:
        raise HubError(explain(error, repo)) from error


def client() -> HfApi:
    """The Hub's client, which waits no longer than `TIMEOUT` for an answer."""
    get_session().timeout = TIMEOUT
    return HfApi()


def download(repo: str, file: str, commit: str) -> Path:
    """A file of a repo at a commit, downloaded into the cache; raises what the client raises."""
    get_session().timeout = TIMEOUT
    return Path(hf_hub_download(repo, file, revision=commit, etag_timeout=TIMEOUT))


def find_cached(repo: str, file: str, commit: str) -> Path | None:
    """A file of a repo at a commit if it is in the cache."""
    cached = try_to_load_from_cache(repo, file, revision=commit)
    return Path(cached) if isinstance(cached, str) else None


def forget(file: Path) -> None:
    """Remove a file from the cache, so that it is downloaded anew."""
    file.resolve().unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def explain(error: BaseException, repo: str) -> str:
    """What went wrong, and what to do, in one sentence or two."""
    causes = list(chain(error))
    status = next((s for cause in causes if (s := status_of(cause))), None)
    if status in REFUSALS:
        return f"The Hub's repo {repo} {REFUSALS[status]}."
    if status:
        return f"The Hub answered with error {status} for {repo}. Try again later."
    if any(getattr(cause, "errno", None) in NO_SPACE for cause in causes):
        return FULL.format(repo=repo)
    known = (said for kinds, said in CAUSES if any(isinstance(c, kinds) for c in causes))
    return next(known, INTERRUPTED).format(repo=repo, seconds=TIMEOUT)


def unanswered(repo: str, seconds: float) -> str:
    """That the Hub was too slow."""
    return UNANSWERED.format(repo=repo, seconds=seconds)


def chain(error: BaseException | None) -> list[BaseException]:
    """An error and what caused it, in order."""
    return [] if error is None else [error, *chain(error.__cause__ or error.__context__)]


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error of the Hub's client stands for, from 400 on."""
    response = getattr(error, "response", None) if isinstance(error, HfHubHTTPError) else None
    status = getattr(response, "status_code", None)
    return status if status and status >= 400 else None


def memory() -> Path:
    """Where the last listing of each repo is kept."""
    return Path(constants.HF_HUB_CACHE) / "autofocus-versions.json"


def remember(source: Source, revisions: list[Revision]) -> None:
    """Keep a listing for when the Hub cannot be asked."""
    listed = {"time": time.time(), "revisions": [astuple(revision) for revision in revisions]}
    with memory_lock:
        kept = read_memory() | {source.key: listed}
        try:
            memory().parent.mkdir(parents=True, exist_ok=True)
            write_text(memory(), json.dumps(kept))
        except (OSError, PhotoError):
            pass  # a cache that cannot be written costs only the listing when offline


def recall(source: Source) -> tuple[list[Revision], float | None]:
    """A source's last listing and its age in seconds; nothing and None if there is none."""
    try:
        listed = read_memory()[source.key]
        revisions = [Revision(*fields) for fields in listed["revisions"]]
        return revisions, max(0.0, time.time() - listed["time"])
    except (KeyError, TypeError, ValueError):
        return [], None


def read_memory() -> dict:
    """All listings that are kept."""
    try:
        kept = json.loads(memory().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def what_counts(age: float | None) -> str:
    """What is shown where the Hub did not answer."""
    works = "Versions on this machine still work"
    return f"{works}." if age is None else f"{works}; this list is {in_words(age)} old."


def in_words(seconds: float) -> str:
    """A time in its largest unit: "3 hours"."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
