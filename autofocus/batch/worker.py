"""One worker of a run: it holds the network, and makes the outputs of photo after photo."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import cv2
import torch

from autofocus.batch.outputs import (
    FACTS,
    check_length,
    load_predictor,
    predict_with_facts,
    write_maps,
)
from autofocus.batch.parts import part_name, read_paths, to_row, write_part
from autofocus.batch.plan import Job
from autofocus.batch.refocusing import refocus_photo
from autofocus.errors import AutoFocusError, PhotoError
from autofocus.files.atomic import write_bytes
from autofocus.photo import Photo, read_photo, write_photo
from autofocus.predict import ENOUGH, Prediction, pick_device

DEATHS = 3  # of workers at one photo


class Worker:
    """One process of a run; Ray calls it with batches of photos."""

    def __init__(self, job: Job, threads: int, name: str) -> None:
        """Load the network; `name` is the run's, which no other run has."""
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        self.job, self.device, self.name = job, pick_device(), name
        self.predictor = load_predictor(job.version)

    def __call__(self, batch: dict[str, Sequence[str]]) -> dict[str, list[str]]:
        """Make the outputs of some photos, but for those that a killed worker has finished.

        Args:
            batch: "key", the photos relative to the input; "stem", their outputs' paths without
                suffix.

        Returns:
            "key", and "error": why there are no outputs, or empty.

        """
        stems = dict(zip(map(str, batch["key"]), map(str, batch["stem"]), strict=True))
        errors = self.make_part(stems) if self.job.parquet else self.make_files(stems)
        return {"key": list(stems), "error": [errors.get(key, "") for key in stems]}

    def make_files(self, stems: dict[str, str]) -> dict[str, str]:
        """The outputs as files; returns what went wrong, by photo."""
        errors = {}
        for key, stem in stems.items():
            if not self.job.output.exists(f"{stem}{FACTS}"):
                try:
                    for suffix, data in self.attempt(key, stem).items():
                        self.job.output.write(f"{stem}{suffix}", data)
                except Exception as error:  # noqa: BLE001
                    errors[key] = sentence(error)
        return errors

    def make_part(self, stems: dict[str, str]) -> dict[str, str]:
        """The outputs as one part of a Parquet data set; returns what went wrong, by photo."""
        written = read_paths(self.job.output, part_name(stems))
        rows, errors = {}, {}
        for key, stem in stems.items():
            if key not in written:
                try:
                    rows[key] = to_row(key, self.attempt(key, stem))
                except Exception as error:  # noqa: BLE001
                    errors[key] = sentence(error)
        if rows:
            name = part_name(rows if written else stems)
            try:
                write_part(self.job.output, name, list(rows.values()))
            except AutoFocusError as error:
                errors |= dict.fromkeys(rows, sentence(error))
        return errors

    def attempt(self, key: str, stem: str) -> dict[str, bytes]:
        """As `make`; PhotoError where workers of this run have died of the photo (too large for the
        memory, say), which Ray would hand to the next one for ever.
        """
        photo = hashlib.sha256(os.fsencode(key)).hexdigest()[:24]
        mark = Path(gettempdir()) / f"autofocus-{self.name}-{photo}"
        deaths = mark.stat().st_size if mark.exists() else 0
        if deaths == DEATHS:
            mark.unlink()
            raise PhotoError(f"{DEATHS} workers died of this photo. It may need more memory.")
        write_bytes(mark, b"." * (deaths + 1))
        try:
            return self.make(key, stem)
        finally:
            mark.unlink(missing_ok=True)

    def make(self, key: str, stem: str) -> dict[str, bytes]:
        """The files of a photo, by suffix, the facts last."""
        job, suffixes = self.job, self.job.suffixes(key)
        check_length(stem.rpartition("/")[2], suffixes)
        photo = self.read(key, ENOUGH)
        prediction, facts = predict_with_facts(photo, self.predictor, job.version)
        with TemporaryDirectory() as name:
            folder = Path(name)
            write_maps(prediction, facts, folder, "photo")
            if job.refocusing is not None:
                self.refocus(key, photo, prediction, folder / f"photo{suffixes[0]}")
            return {suffix: (folder / f"photo{suffix}").read_bytes() for suffix in suffixes}

    def refocus(self, key: str, photo: Photo, prediction: Prediction, file: Path) -> None:
        """Write a photo through the lens; `photo` is what was predicted of it, perhaps a copy."""

        def read(enough: int | None = None) -> Photo:
            return photo if enough or not photo.full_size else self.read(key)

        how, known = self.job.refocusing, lambda: lambda pixels: prediction
        result, _ = refocus_photo(read, how, known, device=self.device)
        write_photo(result.pixels, file, result, keep_location=self.job.keep_location)

    def read(self, key: str, enough: int | None = None) -> Photo:
        """A photo of the run, as `read_photo`; PhotoError if it is not one."""
        source = self.job.source
        try:
            file = Path(source.path(key)) if source.is_local else source.read(key)
            return read_photo(file, enough=enough)
        except OSError as error:
            raise PhotoError(f"This file cannot be opened ({error.strerror or error}).") from error


def sentence(error: Exception) -> str:
    """Why a photo has no outputs. A fault of ours at one photo must not end a run of a million."""
    if isinstance(error, AutoFocusError):
        return str(error)
    return f"The program failed at this photo ({type(error).__name__}: {error})."
