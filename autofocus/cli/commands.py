"""What the command line's commands do; each returns its exit status."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from autofocus.cli.settings import fill
from autofocus.compare.report import (
    add_comparison,
    agreement_table,
    columns_of,
    comparison_sheet,
    table_lines,
    version_views,
)
from autofocus.compare.sheet import Sheet, check_sheet_format, write_sheet
from autofocus.errors import DepthMapError, PhotoError, RequestError
from autofocus.focus import Focus, choose_focus, focus_at
from autofocus.focus_pull import check_format, focus_path, write_rack
from autofocus.photo import (
    Photo,
    fit,
    format_of,
    preview,
    read_depth,
    read_photo,
    write_depth,
    write_photo,
    write_saliency,
)
from autofocus.predict import Prediction, pick_device, pick_dtype
from autofocus.predict import predict as predict_maps
from autofocus.render import Lens, f_stop_of, render
from autofocus.versions import hub
from autofocus.versions.publish import space_files, upload, version_files
from autofocus.versions.weights import find_version, list_versions, load_network

DONE, FAILED = 0, 1
OUTPUTS = (".depth.png", ".saliency.png", ".json")
SHEET_LONG_SIDE = 960
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".tif", ".tiff")
PHOTO_SUFFIXES += (".gif",)

Predictor = Callable[[np.ndarray], Prediction]


def predict(arguments: argparse.Namespace) -> int:
    """Maps and focus of every photo; a bad one is named and the others go on."""
    version = find_version(arguments.version)
    make_folder(arguments.output)
    predictor = load_predictor(version.name)
    status = DONE
    for path in progress(arguments.photos):
        try:
            write_prediction(path, arguments.output, predictor, version.name)
        except PhotoError as error:
            report(path, error)
            status = FAILED
    return status


def write_prediction(path: Path, folder: Path, predictor: Predictor, version: str) -> None:
    """Predict one photo and write its three files."""
    photo = read_photo(path).pixels
    started = time.perf_counter()
    found = predictor(photo)
    seconds = time.perf_counter() - started
    focus = choose_focus(found.depth, found.saliency)
    stem = free_stem(folder, path.stem)
    write_depth(found.depth, folder / f"{stem}.depth.png")
    write_saliency(found.saliency, folder / f"{stem}.saliency.png")
    description = {
        "focus": focus.depth,
        "reason": focus.reason,
        "salient_pixels": focus.salient_pixels,
        "width": photo.shape[1],
        "height": photo.shape[0],
        "version": version,
        "seconds": round(seconds, 3),
    }
    write_text(folder / f"{stem}.json", json.dumps(description, indent=2) + "\n")


def refocus(arguments: argparse.Namespace) -> int:
    """One photo through the lens."""
    arguments = fill(arguments)
    format_of(arguments.output)  # a wrong suffix is said before the work, not after it
    photo = named_photo(arguments.photo)
    depth, focus = scene_of(arguments, photo.pixels)
    with tqdm(total=100, desc="lens", unit="%", leave=False, disable=None) as bar:
        result = render(
            photo.pixels,
            depth,
            lens_of(arguments, focus.depth),
            progress=lambda share: bar.update(round(100 * share) - bar.n),
        )
    make_folder(arguments.output.parent)
    write_photo(result, arguments.output, photo.exif)
    print(f"{arguments.output}: focus {focus.depth:.3f}, {focus.reason}")
    return DONE


def lens_of(arguments: argparse.Namespace, focus: float) -> Lens:
    """The lens that was asked for."""
    names = ("f_stop", "blades", "rotation", "highlights")
    chosen = {name: getattr(arguments, name) for name in names}
    if arguments.aperture is not None:
        chosen["f_stop"] = f_stop_of(arguments.aperture)
    return Lens(focus, **{name: value for name, value in chosen.items() if value is not None})


def rack(arguments: argparse.Namespace) -> int:
    """The focus pulled through one photo."""
    check_format(arguments.output)
    photo = named_photo(arguments.photo).pixels
    arguments.focus = arguments.end
    depth, focus = scene_of(arguments, photo)
    photo, depth = preview(photo), preview(depth)
    end = focus.depth
    start = arguments.start
    if start is None:
        start = float(depth.min() if end >= 0.5 else depth.max())
    path = focus_path(start, end, arguments.seconds)
    make_folder(arguments.output.parent)
    lens = lens_of(arguments, end)
    with tqdm(total=len(path), desc="frames", leave=False, disable=None) as bar:

        def frame(at: float) -> np.ndarray:
            bar.update()
            return render(photo, depth, replace(lens, focus=at))

        write_rack(frame, path, arguments.output)
    print(f"{arguments.output}: focus from {start:.3f} to {end:.3f}, {focus.reason}")
    return DONE


def named_photo(path: Path) -> Photo:
    """The one photo of a request; RequestError names it."""
    try:
        return read_photo(path)
    except PhotoError as error:
        raise RequestError(f"{path}: {error}") from error


def scene_of(arguments: argparse.Namespace, photo: np.ndarray) -> tuple[np.ndarray, Focus]:
    """Depth and focus of a photo; the network runs only where something of it is needed."""
    given = own_depth(arguments.depth, photo.shape[:2]) if arguments.depth else None
    needed = given is None or arguments.focus in (None, "auto")
    found = load_predictor(arguments.version)(photo) if needed else None
    depth = found.depth if given is None else given
    if arguments.focus in (None, "auto"):
        return depth, choose_focus(depth, found.saliency)
    if isinstance(arguments.focus, tuple):
        try:
            return depth, focus_at(depth, *arguments.focus)
        except ValueError as error:
            raise RequestError(f"{error}.") from error
    return depth, Focus(arguments.focus, "as given")


def own_depth(path: Path, size: tuple[int, int]) -> np.ndarray:
    """A depth map of the user's at the photo's size; its edges stay where they are."""
    try:
        return fit(read_depth(path).depth, size)
    except (PhotoError, DepthMapError) as error:
        raise RequestError(f"{path}: {error}") from error


def sheet(arguments: argparse.Namespace) -> int:
    """One row a photo; photo, then depth, subject and refocused photo for each version."""
    check_sheet_format(arguments.output)
    names = arguments.versions or [find_version().name]
    predictors = [load_predictor(name) for name in names]
    made, status = Sheet(" · ".join(names), ["photo", *columns_of(names)]), DONE
    for path in progress(arguments.photos):
        try:
            photo = preview(read_photo(path).pixels, SHEET_LONG_SIDE)
        except PhotoError as error:
            report(path, error)
            status = FAILED
            continue
        views = [version_views(photo, predictor(photo)) for predictor in predictors]
        reasons = [f"{name}: {reason}" for name, (_, reason) in zip(names, views, strict=True)]
        pictures = [photo, *(picture for pictures, _ in views for picture in pictures)]
        made.add(f"{path.name} · {' · '.join(reasons)}", pictures)
    if made.rows:
        make_folder(arguments.output.parent)
        write_sheet(made, arguments.output)
    return status


def compare(arguments: argparse.Namespace) -> int:
    """How far two versions agree on a folder of photos: a table, a picture and a page."""
    pair = [find_version(name).name for name in (arguments.A, arguments.B)]
    photos = photos_in(arguments.photos)
    make_folder(arguments.output)
    predictors = [load_predictor(name) for name in pair]
    made, agreements = comparison_sheet(pair), {}
    status = DONE
    for path in progress(photos):
        try:
            photo = preview(read_photo(path).pixels, SHEET_LONG_SIDE)
            found = [predictor(photo) for predictor in predictors]
            agreements[path.name] = add_comparison(made, path.name, photo, found)
        except PhotoError as error:
            report(path, error)
            status = FAILED
    if agreements:
        table = agreement_table(agreements)
        print("\n".join(table_lines(table)))
        for suffix in (".png", ".html"):
            # Versions on the Hub are called owner/repo@tag.
            name = "-".join(pair).replace("/", "-")
            file = arguments.output / f"{name}{suffix}"
            write_sheet(made, file, table)
            print(file)
    return status


def photos_in(folder: Path) -> list[Path]:
    """The files in a folder that are called like photos; RequestError if there is none."""
    if not folder.is_dir():
        raise RequestError(f"There is no folder {folder}.")
    found = [path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES]
    if not found:
        raise RequestError(f"There is no photo in the folder {folder}.")
    return sorted(found)


def versions(arguments: argparse.Namespace) -> int:
    """Print every version, where it comes from, its hash and its measured quality."""
    found = list_versions()
    for notice in hub.listing().notices:
        print(notice, file=sys.stderr)
    for version in found:
        quality = version.config.get("quality", {})
        figures = ", ".join(f"{name} {value}" for name, value in quality.items()) or "not measured"
        print(f"{version.name}\t{version.origin}\t{version.sha256[:12]}\t{figures}")
        if version.problem:
            print(f"\tcannot be used here: {version.problem}")
    if not found:
        raise RequestError("There is no version here.")
    return DONE


def publish(arguments: argparse.Namespace) -> int:
    """Upload a version."""
    files = version_files(arguments.folder)
    message = f"Version {arguments.tag or arguments.folder.name}"
    return send(arguments, files, message, tag=arguments.tag)


def publish_space(arguments: argparse.Namespace) -> int:
    """Upload the app as a Space."""
    files = space_files(arguments.repo)
    return send(arguments, files, "Auto Focus", repo_type="space", space_sdk="gradio")


def send(arguments: argparse.Namespace, files: dict, message: str, **options: str | None) -> int:
    """Upload files, or (dry run) list them with their sizes."""
    if arguments.dry_run:
        for name, content in files.items():
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            print(f"{size:>12,}  {name}")
        return DONE
    commit = upload(arguments.repo, files, message, **options)
    print(f"{arguments.repo} is at commit {commit}.")
    return DONE


def load_predictor(version: str | None) -> Predictor:
    """Load a version's network once, on the best device."""
    device = pick_device()
    network = load_network(find_version(version), device)
    dtype = pick_dtype(device)
    return lambda photo: predict_maps(network, photo, device=device, dtype=dtype)


def progress(paths: list[Path]) -> Iterator[Path]:
    """The paths, with a bar where somebody watches a terminal."""
    return iter(tqdm(paths, unit="photo", disable=None if len(paths) > 1 else True))


def report(path: Path, error: Exception) -> None:
    """One line about a photo that failed, without tearing a progress bar."""
    tqdm.write(f"{path}: {error}", file=sys.stderr)


def make_folder(folder: Path) -> None:
    """Create an output folder; RequestError says why it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"The folder {folder} cannot be made ({error.strerror}).") from error


def write_text(path: Path, text: str) -> None:
    """Write a small text file; PhotoError as for the pictures beside it."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PhotoError(f"{path.name} cannot be written ({error.strerror}).") from error


def free_stem(folder: Path, stem: str) -> str:
    """NAME, or the first of NAME-2, NAME-3 … that no output file has yet."""
    candidate, number = stem, 1
    while any((folder / f"{candidate}{suffix}").exists() for suffix in OUTPUTS):
        number += 1
        candidate = f"{stem}-{number}"
    return candidate
