"""Which versions there are, and where: bundled, the operator's own, on the Hub, depth models.

A version that cannot be used is listed with the reason, and changes nothing about the others.
"""

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from autofocus.errors import VersionError
from autofocus.versions import hub
from autofocus.versions.version import (
    CONFIG,
    WEIGHTS,
    Version,
    read_or_explain,
    read_version,
)
from autofocus.versions.weights import find_misfit

__all__ = ["Version", "find_version", "list_versions", "notices", "read_version", "refresh"]

BUNDLED = Path(__file__).resolve().parent / "bundled"
DEFAULT = "dinov2-s"
VERSIONS_VARIABLE = "AUTOFOCUS_VERSIONS"
NEVER_DOWNLOADED = "its weights were never downloaded, and the Hub cannot be asked for them."
PACKAGES = ("transformers", "torchvision")  # that depth models of others need
NO_PACKAGES = 'it needs packages that are not here: pip install "transformers>=5.0" torchvision'


def list_versions() -> list[Version]:
    """Every version, the default first, then by name; each has a name of its own."""
    local = [check_file(version) for version in local_versions()]
    versions = distinct(local + hub_versions() + depth_models())
    return sorted(versions, key=lambda version: (version.name != DEFAULT, version.name))


def find_version(name: str | None = None) -> Version:
    """The version of this name, or the default; VersionError if there is none or it is unusable."""
    wanted = name or DEFAULT
    local = by_name(local_versions())
    version = check_file(local[wanted]) if wanted in local else find_listed(wanted)
    if version.problem:
        raise VersionError(f"Version {wanted!r} cannot be used: {version.problem}")
    return version


def find_listed(name: str) -> Version:
    """The version of this name among all, for which the Hub is asked; VersionError if none is."""
    versions = by_name(list_versions())
    if name not in versions:
        usable = ", ".join(name for name, version in versions.items() if not version.problem)
        raise VersionError(f"There is no version {name!r} here. Available: {usable or 'none'}.")
    return versions[name]


def by_name(versions: list[Version]) -> dict[str, Version]:
    """Versions by their names."""
    return {version.name: version for version in versions}


def refresh() -> None:
    """Have the Hub asked again by the next listing."""
    hub.listing.cache_clear()


def notices() -> tuple[str, ...]:
    """What went wrong while the Hub was asked, in sentences."""
    return hub.listing().notices


def local_versions() -> list[Version]:
    """Every bundled version, and those in the operator's own folder, their weights unchecked."""
    versions = versions_in(BUNDLED, "bundled")
    if place := os.environ.get(VERSIONS_VARIABLE):
        versions += versions_in(Path(place), "operator")
    return distinct(versions)


def versions_in(place: Path, origin: str) -> list[Version]:
    """The versions in the folders of a folder; whatever is wrong with one is its problem."""
    try:
        folders = sorted(path for path in place.iterdir() if (path / CONFIG).exists())
    except OSError:
        return []
    return [read_or_explain(place_name(f), f, origin) for f in folders]


def place_name(folder: Path) -> str:
    """What a version is called whose own name is of no use: no name has a slash."""
    return f"{folder.parent.name}/{folder.name}"


def check_file(version: Version) -> Version:
    """The version; with a problem if its weights cannot be those that its config describes."""
    if version.problem:
        return version
    reason = find_misfit(version.folder / WEIGHTS, version.network)
    return replace(version, problem=f"{reason}.") if reason else version


def distinct(versions: list[Version]) -> list[Version]:
    """The versions; one whose name is taken is called by its place, and has that as its problem."""
    taken: dict[str, Version] = {}
    for version in versions:
        if version.name in taken:
            problem = f"another version is called {version.name!r} already."
            version = replace(version, name=place_name(version.folder), problem=problem)
        taken.setdefault(version.name, version)
    return list(taken.values())


def hub_versions() -> list[Version]:
    """Every branch and tag of the operator's repos that holds a config."""
    listing = hub.listing()
    versions = [hub_version(revision) for revision in listing.revisions]
    return [
        replace(version, problem=version.problem or unreachable(version, listing))
        for version in versions
        if version
    ]


def hub_version(revision: hub.Revision) -> Version | None:
    """The version at a revision, its weights not yet downloaded; None if there is no config."""
    config = hub.find_cached(revision.repo, CONFIG, revision.commit)
    if config is None:
        return None
    name = f"{revision.repo}@{revision.name}"
    version = read_or_explain(name, config.parent, describe_origin(revision))
    return replace(version, name=name, revision=revision)


def describe_origin(revision: hub.Revision) -> str:
    """Where a version on the Hub came from."""
    return f"Hub, {revision.commit[:7]}, {revision.date}"


def unreachable(version: Version, listing: hub.Listing) -> str | None:
    """That the weights are neither here nor to be had, or None."""
    revision = version.revision
    if revision.repo not in listing.silent:
        return None
    here = hub.find_cached(revision.repo, WEIGHTS, revision.commit)
    return None if here else NEVER_DOWNLOADED


def depth_models() -> list[Version]:
    """Every depth model of transformers that the operator named."""
    listing = hub.listing()
    return [depth_model(revision, listing) for revision in listing.models]


def depth_model(revision: hub.Revision, listing: hub.Listing) -> Version:
    """A depth model at a revision, its weights not yet downloaded."""
    config = hub.find_cached(revision.repo, CONFIG, revision.commit)
    version = Version(
        revision.repo if revision.name == hub.MAIN else f"{revision.repo}@{revision.name}",
        config.parent if config else Path(revision.repo),
        f"depth model, {describe_origin(revision)}",
        revision.commit,
        {},
        revision=revision,
        is_depth_model=True,
    )
    if not all(map(find_spec, PACKAGES)):
        return replace(version, problem=f"{NO_PACKAGES}.")
    return replace(version, problem=unreachable(version, listing))
