"""What a run has to do: photos, the names of their outputs, and what is there already."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from autofocus.batch.outputs import DEPTH, FACTS, MAPS, SALIENCY, photo_suffix
from autofocus.batch.parts import find_written
from autofocus.batch.places import Place
from autofocus.batch.refocusing import Refocusing
from autofocus.errors import RequestError

REQUEST = ".batch.json"  # what a folder of outputs was asked for
PNG_END = b"IEND\xaeB`\x82"
READERS = 32  # threads; they wait for disks


@dataclass(frozen=True)
class Job:
    """What is asked for of every photo of a run."""

    source: Place
    output: Place
    version: str  # of the model
    sha256: str  # of its weights
    refocusing: Refocusing | None = None  # None: maps and facts only
    keep_location: bool = False
    parquet: bool = False

    def describe(self) -> dict:
        """All that the outputs depend on, for a file."""
        how = None if self.refocusing is None else asdict(self.refocusing)
        return {
            "version": self.version,
            "sha256": self.sha256,
            "refocus": json.loads(json.dumps(how, default=str)),
            "keep_location": self.keep_location,
            "parquet": self.parquet,
        }

    def suffixes(self, key: str) -> tuple[str, ...]:
        """How the files that are made of a photo end; the facts come last."""
        return MAPS if self.refocusing is None else (photo_suffix(key), *MAPS)


def check_request(job: Job) -> None:
    """Remember what a folder of outputs was asked for; RequestError if it was something else."""
    wanted = json.dumps(job.describe(), indent=2).encode()
    try:
        if not job.output.exists(REQUEST):
            job.output.write(REQUEST, wanted)
        known = job.output.read(REQUEST)
    except OSError as error:
        raise RequestError(f"{job.output.name} cannot be used ({error}).") from error
    if known != wanted:
        raise RequestError(
            f"{job.output.name} holds the outputs of a run with another version or other settings "
            f"(see {REQUEST} in it). Choose another folder, or repeat that run's."
        )


def number_stems(keys: Iterable[str]) -> dict[str, str]:
    """Photos, sorted → their outputs' paths without suffix, which no other photo has.

    As `predict` does it: NAME, and NAME-2, NAME-3 … where there are several of one name.
    """
    stems, taken = {}, set()
    for key in keys:
        path = PurePosixPath(key)
        stem, number = str(path.with_suffix("")), 1
        while stem in taken:
            number += 1
            stem = f"{path.with_suffix('')}-{number}"
        taken.add(stem)
        stems[key] = stem
    return stems


def find_missing(job: Job, stems: dict[str, str]) -> dict[str, str]:
    """The photos whose outputs are not all there and whole; none of these keeps its facts."""
    if job.parquet:
        written = find_written(job.output)
        return {key: stem for key, stem in stems.items() if key not in written}
    sizes = job.output.sizes()
    there = [
        key
        for key, stem in stems.items()
        if all(sizes.get(f"{stem}{suffix}") for suffix in job.suffixes(key))
    ]
    if job.output.is_local:  # elsewhere a file appears when it is whole
        with ThreadPoolExecutor(READERS) as pool:
            whole = list(pool.map(lambda key: is_whole(job.output, stems[key]), there))
        there = [key for key, good in zip(there, whole, strict=True) if good]
    done = set(there)
    missing = {key: stem for key, stem in stems.items() if key not in done}
    for stem in missing.values():
        if f"{stem}{FACTS}" in sizes:
            job.output.delete(f"{stem}{FACTS}")
    return missing


def is_whole(place: Place, stem: str) -> bool:
    """Whether a photo's maps and facts were written to their end."""
    try:
        json.loads(place.read(f"{stem}{FACTS}"))
        return all(read_end(place, f"{stem}{suffix}") == PNG_END for suffix in (DEPTH, SALIENCY))
    except (OSError, ValueError):
        return False


def read_end(place: Place, key: str) -> bytes:
    """The last bytes of a file."""
    with place.system.open_input_file(place.path(key)) as file:
        file.seek(max(0, file.size() - len(PNG_END)))
        return file.read()
