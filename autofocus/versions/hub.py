"""Versions on the Hugging Face Hub: every branch and tag of the host's repos, pinned to commits.

Nothing here knows what a version is; `weights` does. Files go into the Hub's own cache, which holds
a file whole or not at all.
"""

import json
import os
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    get_session,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

from autofocus.errors import HubError

REPOS_VARIABLE = "AUTOFOCUS_HUB_REPO"
TIMEOUT = 10.0  # seconds that the Hub may take to answer
CONFIG = "config.json"
REFUSALS = {
    401: "is private or does not exist. If it is private, set HF_TOKEN to a token that may read it",
    403: "may not be read with this HF_TOKEN. Ask its owner for access",
    404: "or what is asked of it does not exist. Check its name",
}


@dataclass(frozen=True)
class Revision:
    """A branch or tag of a repo, and the commit that it stood for when it was looked up."""

    repo: str
    name: str
    commit: str
    date: str  # of the commit, YYYY-MM-DD, or ""


@dataclass(frozen=True)
class Listing:
    """What the host's repos hold, and what went wrong while asking, in sentences."""

    revisions: tuple[Revision, ...] = ()
    notices: tuple[str, ...] = ()


def repos() -> list[str]:
    """The repos that the host named, separated by commas or spaces."""
    return os.environ.get(REPOS_VARIABLE, "").replace(",", " ").split()


@lru_cache(maxsize=1)
def listing() -> Listing:
    """All revisions of all repos: asked for once; `listing.cache_clear()` has it asked again.

    Where the Hub cannot be asked, what it said last time counts, and a notice says so.
    """
    revisions, notices = [], []
    for repo in repos():
        try:
            found = revisions_of(repo)
            remember(repo, found)
        except HubError as error:
            found = remembered(repo)
            notices.append(f"{error} Versions that are on this machine work on.")
        revisions += found
    return Listing(tuple(revisions), tuple(notices))


def revisions_of(repo: str) -> list[Revision]:
    """Every branch and tag of a repo; HubError if it cannot be asked."""
    try:
        get_session().timeout = TIMEOUT
        api = HfApi()
        refs = api.list_repo_refs(repo)
        return [
            Revision(repo, ref.name, ref.target_commit, date_of(api, repo, ref.target_commit))
            for ref in (*refs.branches, *refs.tags)
        ]
    except Exception as error:  # noqa: BLE001 - the Hub's client raises a dozen kinds
        raise HubError(sentence(error, repo)) from error


def date_of(api: HfApi, repo: str, commit: str) -> str:
    """The day of a commit."""
    changed = api.repo_info(repo, revision=commit, timeout=TIMEOUT).last_modified
    return changed.date().isoformat() if changed else ""


def fetch(repo: str, file: str, commit: str) -> Path:
    """A file of a repo at a commit: from the cache, or downloaded into it with a progress bar.

    Raises:
        HubError: it is not in the cache, and the Hub does not give it.

    """
    found = cached(repo, file, commit)
    if found:
        return found
    try:
        get_session().timeout = TIMEOUT
        return Path(hf_hub_download(repo, file, revision=commit, etag_timeout=TIMEOUT))
    except Exception as error:  # noqa: BLE001 - as above, and network errors of every kind
        raise HubError(sentence(error, repo)) from error


def look(repo: str, file: str, commit: str) -> None:
    """Ask whether the Hub would give a file; HubError says why not."""
    try:
        get_session().timeout = TIMEOUT
        get_hf_file_metadata(hf_hub_url(repo, file, revision=commit), timeout=TIMEOUT)
    except Exception as error:  # noqa: BLE001 - as above
        raise HubError(sentence(error, repo)) from error


def cached(repo: str, file: str, commit: str) -> Path | None:
    """A file of a repo at a commit if it is in the cache."""
    found = try_to_load_from_cache(repo, file, revision=commit)
    return Path(found) if isinstance(found, str) else None


def forget(file: Path) -> None:
    """Remove a file from the cache, so that it is downloaded anew."""
    file.resolve().unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def sentence(error: BaseException, repo: str) -> str:
    """What went wrong, and what to do."""
    causes = list(chain(error))
    status = next((s for cause in causes if (s := status_of(cause))), None)
    if status in REFUSALS:
        return f"The Hub's repo {repo} {REFUSALS[status]}."
    if status:
        return f"The Hub answered with error {status} for {repo}. Try again later."
    names = " ".join(type(cause).__name__ for cause in causes)
    if "Timeout" in names:
        return f"The Hub did not answer within {TIMEOUT:g} seconds for {repo}. Try again later."
    if "JSON" in names or isinstance(error, (KeyError, TypeError)):
        return (
            f"The Hub's answer for {repo} was no answer of a Hub. "
            "Check for a proxy or a sign-in page in between, and HF_ENDPOINT."
        )
    if any(isinstance(c, (OfflineModeIsEnabled, LocalEntryNotFoundError)) for c in causes):
        return f"The Hub cannot be reached for {repo}. Check the network, and HF_HUB_OFFLINE."
    if "Connect" in names or "Network" in names:
        return f"The Hub cannot be reached for {repo}. Check the network."
    return f"What the Hub sent of {repo} broke off or was damaged. Try again."


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


def remember(repo: str, revisions: list[Revision]) -> None:
    """Keep a repo's listing for when the Hub cannot be asked."""
    kept = read_memory() | {key_of(repo): [astuple(revision) for revision in revisions]}
    try:
        memory().parent.mkdir(parents=True, exist_ok=True)
        partial = memory().with_suffix(".partial")
        partial.write_text(json.dumps(kept), encoding="utf-8")
        partial.replace(memory())
    except OSError:
        pass  # a cache that cannot be written costs only the listing when offline


def remembered(repo: str) -> list[Revision]:
    """A repo's last listing, or nothing."""
    try:
        return [Revision(*fields) for fields in read_memory().get(key_of(repo), [])]
    except TypeError:
        return []


def read_memory() -> dict:
    """All listings that are kept."""
    try:
        kept = json.loads(memory().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def key_of(repo: str) -> str:
    """A repo's name, with the Hub that it is on."""
    return f"{constants.ENDPOINT}/{repo}"
