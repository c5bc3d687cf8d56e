"""What the command line's commands do; each returns its exit status."""

import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from autofocus.batch.outputs import (
    free_stem,
    load_predictor,
    make_folder,
    predict_with_facts,
    write_maps,
)
from autofocus.batch.refocusing import PHONE, Refocusing, lens_for, read_scene, refocus_photo
from autofocus.cli.inputs import (
    STANDARD_OUTPUT,
    Source,
    expand,
    find_target,
    photos_in,
    refuse_inputs,
)
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
from autofocus.focus_pull import PULL_SECONDS, check_format, focus_path, write_focus_pull
from autofocus.photo import Photo, preview, write_photo
from autofocus.predict import ENOUGH, Predictor, pick_device
from autofocus.versions.catalog import find_version, list_versions, notices
from autofocus.versions.publish import space_files, upload, version_files

DONE, FAILED = 0, 1
SHEET_LONG_SIDE = 960
NO_RAY = 'This needs Ray. Install it with: pip install "autofocus[batch]"'


def predict(photos: list[str], output: Path, version: str | None) -> int:
    """Maps and focus of every photo; a bad one is named and the others go on."""
    name = find_version(version).name
    make_folder(output)
    predictor = load_predictor(name)
    status = DONE
    for source in progress(expand(photos)):
        try:
            photo = source.read(ENOUGH)
            stem = free_stem(output, source.stem)
            write_maps(*predict_with_facts(photo, predictor, name), output, stem)
        except PhotoError as error:
            report(source.name, error)
            status = FAILED
    return status


def refocus(
    photos: list[str],
    output: str,
    given: Refocusing,
    settings: Path | None,
    keep_location: bool,
    overwrite: bool,
) -> int:
    """Photos through the lens; a bad one is named and the others go on."""
    how = fill(given, settings)
    sources = expand(photos)
    target = find_target(output, sources, overwrite)
    if len(sources) > 1 and how.depth not in (None, PHONE):
        raise RequestError("A depth map belongs to one photo. Name only that photo.")
    load = cache(lambda: load_predictor(how.version))
    status = DONE
    for source in progress(sources):
        try:
            file = target.path_for(source)
            if file and not overwrite:
                inputs = [source.name, how.depth, how.correction, settings]
                refuse_inputs(file, inputs, "Choose another --output, or add --overwrite.")
            refocus_one(source, file, how, load, keep_location)
        except (PhotoError, DepthMapError, RequestError) as error:
            report(source.name, error)
            status = FAILED
    return status


def refocus_one(
    source: Source,
    file: Path | None,
    how: Refocusing,
    load: Callable[[], Predictor],
    keep_location: bool,
) -> None:
    """One photo through the lens into a file, or to standard output where there is none."""
    with tqdm(total=100, desc="lens", unit="%", leave=False, disable=None) as bar:
        result, focus = refocus_photo(
            source.read,
            how,
            load,
            device=pick_device(),
            progress=lambda done: bar.update(round(100 * done) - bar.n),
        )
    for note in result.notes:
        report(source.name, note)
    if file is None:
        write_to_standard_output(result, source.suffix, keep_location)
    else:
        write_photo(result.pixels, file, result, keep_location=keep_location)
    said = f"{file or STANDARD_OUTPUT}: focus {focus.depth:.3f}, {focus.reason}"
    print(said, file=sys.stdout if file else sys.stderr)


def write_to_standard_output(photo: Photo, suffix: str, keep_location: bool) -> None:
    """Write a photo to standard output in the format of a suffix; PhotoError if it cannot be."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"photo{suffix}"
        write_photo(photo.pixels, file, photo, keep_location=keep_location)
        data = file.read_bytes()
    try:
        # Not by the buffer of `sys.stdout`, which would fail once more when the program ends.
        with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
            stream.write(data)
    except OSError as error:
        raise PhotoError(f"{STANDARD_OUTPUT} cannot be written ({error.strerror}).") from error


def batch(
    source: str,
    output: str,
    how: Refocusing | None,
    version: str | None,
    *,
    keep_location: bool,
    parquet: bool,
    workers: int | None,
    threads: int | None,
    address: str | None,
) -> int:
    """The outputs of any number of photos; those that failed are in `errors.jsonl`."""
    try:
        from autofocus.batch import places, plan, run
    except ImportError as error:
        raise RequestError(NO_RAY) from error
    if how and (how.depth not in (None, PHONE) or how.correction):
        raise RequestError("A depth map or a correction belongs to one photo. Use `refocus`.")
    model = find_version(version)
    target = places.open_place(output)
    origin, photos = places.find_photos(source, without=target)
    job = plan.Job(origin, target, model.name, model.sha256, how, keep_location, parquet)
    errors = run.run(job, photos, workers=workers, threads=threads, address=address)
    print(f"{len(photos) - len(errors)} photos are done; {len(errors)} failed.")
    return FAILED if errors else DONE


def rack(
    name: str, output: Path, how: Refocusing, start: float | None, seconds: float | None
) -> int:
    """The focus pulled through one photo."""
    check_format(output)
    (source,) = only_one(expand([name]), name)
    refuse_inputs(output, [source.name, how.depth])
    load = lambda: load_predictor(how.version)  # noqa: E731
    photo, depth, focus, note = read_scene(partial(named_photo, source), how, load)
    for said in (*photo.notes, *([note] if note else [])):
        report(source.name, said)
    pixels, depth = preview(photo.pixels), preview(depth)
    lens = lens_for(focus, how.lens)
    if start is None:
        start = float(depth.min() if focus.depth >= 0.5 else depth.max())
    path = focus_path(start, focus.depth, PULL_SECONDS if seconds is None else seconds)
    make_folder(output.parent)
    with tqdm(total=len(path), desc="frames", leave=False, disable=None) as bar:
        write_focus_pull(pixels, depth, lens, path, output, before_frame=bar.update)
    print(f"{output}: focus from {start:.3f} to {focus.depth:.3f}, {focus.reason}")
    return DONE


def only_one(sources: list[Source], name: str) -> list[Source]:
    """The only photo; RequestError if a name stands for more."""
    if len(sources) > 1:
        raise RequestError(f"{name} stands for {len(sources)} photos. Name one of them.")
    return sources


def named_photo(source: Source, enough: int | None = None) -> Photo:
    """The one photo of a request, as `read_photo`; RequestError names it."""
    try:
        return source.read(enough)
    except PhotoError as error:
        raise RequestError(f"{source.name}: {error}") from error


def sheet(photos: list[str], output: Path, versions: list[str] | None) -> int:
    """One row a photo; photo, then depth, subject and refocused photo for each version."""
    check_sheet_format(output)
    sources = expand(photos)
    refuse_inputs(output, [source.name for source in sources])
    names = versions or [find_version().name]
    predictors = [load_predictor(name) for name in names]
    made, status = Sheet(" · ".join(names), ["photo", *columns_of(names)]), DONE
    for source in progress(sources):
        try:
            photo = preview(source.read().pixels, SHEET_LONG_SIDE)
        except PhotoError as error:
            report(source.name, error)
            status = FAILED
            continue
        views = [version_views(photo, predictor(photo)) for predictor in predictors]
        reasons = [f"{name}: {reason}" for name, (_, reason) in zip(names, views, strict=True)]
        images = [photo, *(image for shown, _ in views for image in shown)]
        made.add(f"{Path(source.name).name} · {' · '.join(reasons)}", images)
    if made.rows:
        make_folder(output.parent)
        write_sheet(made, output)
    return status


def compare(first: str, second: str, photos: Path, output: Path) -> int:
    """How far two versions agree on a folder of photos: a table, an image and a page."""
    pair = [find_version(name).name for name in (first, second)]
    sources = folder_photos(photos)
    make_folder(output)
    predictors = [load_predictor(name) for name in pair]
    made, agreements = comparison_sheet(pair), {}
    status = DONE
    for source in progress(sources):
        name = Path(source.name).name
        try:
            photo = preview(source.read().pixels, SHEET_LONG_SIDE)
            predictions = [predictor(photo) for predictor in predictors]
            agreements[name] = add_comparison(made, name, photo, predictions)
        except PhotoError as error:
            report(source.name, error)
            status = FAILED
    if agreements:
        write_comparison(made, agreement_table(agreements), pair, output)
    return status


def write_comparison(made: Sheet, table: list[list[str]], pair: list[str], folder: Path) -> None:
    """Print the table, and write the sheet as an image and as a page."""
    print("\n".join(table_lines(table)))
    name = "-".join(pair).replace("/", "-")  # versions on the Hub are called owner/repo@tag
    for suffix in (".png", ".html"):
        file = folder / f"{name}{suffix}"
        write_sheet(made, file, table)
        print(file)


def folder_photos(folder: Path) -> list[Source]:
    """The photos in a folder; RequestError if there is none."""
    if not folder.is_dir():
        raise RequestError(f"There is no folder {folder}.")
    names = photos_in(str(folder))
    if not names:
        raise RequestError(f"There is no photo in the folder {folder}.")
    return [Source(name) for name in names]


def versions() -> int:
    """Print every version, where it comes from, its hash and its measured quality."""
    available = list_versions()
    for notice in notices():
        print(notice, file=sys.stderr)
    for version in available:
        quality = version.config.get("quality", {})
        figures = ", ".join(f"{name} {value}" for name, value in quality.items()) or "not measured"
        print(f"{version.name}\t{version.origin}\t{version.sha256[:12]}\t{figures}")
        if version.problem:
            print(f"\tcannot be used here: {version.problem}")
    if not available:
        raise RequestError("There is no version here.")
    return DONE


def publish(folder: Path, repo: str, tag: str | None, dry_run: bool) -> int:
    """Upload a version."""
    files = version_files(folder)
    return send(files, repo, f"Version {tag or folder.name}", dry_run, tag=tag)


def publish_space(repo: str, dry_run: bool) -> int:
    """Upload the app as a Space."""
    options = {"repo_type": "space", "space_sdk": "gradio"}
    return send(space_files(repo), repo, "Auto Focus", dry_run, **options)


def send(files: dict, repo: str, message: str, dry_run: bool, **options: str | None) -> int:
    """Upload files, or (dry run) list them with their sizes."""
    if dry_run:
        for name, content in files.items():
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            print(f"{size:>12,}  {name}")
        return DONE
    commit = upload(repo, files, message, **options)
    print(f"{repo} is at commit {commit}.")
    return DONE


def progress(sources: list[Source]) -> Iterator[Source]:
    """The photos, with a bar where somebody watches a terminal."""
    return iter(tqdm(sources, unit="photo", disable=None if len(sources) > 1 else True))


def report(name: str, said: object) -> None:
    """One line about a photo, such as why it failed, without tearing a progress bar."""
    tqdm.write(f"{name}: {said}", file=sys.stderr)
