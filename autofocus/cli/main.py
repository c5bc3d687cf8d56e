"""The command `autofocus`: all that the page does, for scripts.

This file says what each command takes; `commands.py` does the work and is imported only when there
is work, so that `--help` and wrong usage answer at once. An error of the request becomes one
sentence here, at the border, and nowhere else.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import autofocus
from autofocus.batch.values import read_depth_value, read_seconds
from autofocus.cli.arguments import (
    Correction,
    DepthMap,
    DryRun,
    FocusOn,
    Invert,
    KeepLocation,
    ModelVersion,
    OnePhoto,
    OutputFile,
    Photos,
    SettingsFile,
    flag,
    option,
    parser,
    takes_lens,
)
from autofocus.errors import AutoFocusError

FAILED = 1
SEVERAL = "--versions"  # the one option that takes several values


class Usage:
    """Usage begins as the other tools' does, in lower case."""

    def format_usage(self, ctx: typer.Context, formatter: object) -> None:
        """Write the usage line."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix="usage: ")


class Group(Usage, typer.core.TyperGroup):
    """The command `autofocus`, which has the others."""


class Command(Usage, typer.core.TyperCommand):
    """A command whose function returns its exit status, or nothing if all went well."""

    def invoke(self, ctx: typer.Context) -> None:
        """Call the function; failures of the whole request become one sentence."""
        try:
            status = super().invoke(ctx)
        except AutoFocusError as error:
            print(f"autofocus {self.name}: {error}", file=sys.stderr)
            status = FAILED
        raise typer.Exit(status or 0)


class SheetCommand(Command):
    """A command whose `--versions` takes all values up to the next option."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        """Write `--versions A B` as Click has it: `--versions A --versions B`."""
        return super().parse_args(ctx, list(spread(args)))


def spread(arguments: list[str]) -> list[str]:
    """Repeat `--versions` before each of its values."""
    result, inside = [], False
    for argument in arguments:
        if argument.startswith("-"):
            inside = argument == SEVERAL
            result += [] if inside else [argument]
        else:
            result += [SEVERAL, argument] if inside else [argument]
    return result


app = typer.Typer(
    name="autofocus",
    cls=Group,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    for stream in (sys.stdout, sys.stderr):  # a file's name need not be valid text
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(None if argv is None else list(argv), prog_name="autofocus")


def print_version(wanted: bool) -> None:
    """Print the program's version and stop."""
    if wanted:
        print(f"autofocus {autofocus.__version__}")
        raise typer.Exit


@app.callback()
def overview(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=print_version,
            is_eager=True,
            help="print the program's version (a command's --version chooses its model)",
        ),
    ] = False,
) -> None:
    """Change what a photo is focused on, after it was taken.

    \b
      autofocus predict IMG_1.jpg IMG_2.heic --output maps     depth and subject of photos
      autofocus refocus IMG_1.jpg --output soft.jpg            focus on the subject, at f/2
      autofocus refocus IMG_1.jpg --output cup.jpg --focus 1024,768 --f-stop 1.4
      autofocus refocus *.jpg --output soft/                   many photos into a folder
      autofocus batch holiday maps --parquet                   a library of any size, resumable
      autofocus rack IMG_1.jpg --output pull.mp4               the focus pulled through the scene
      autofocus sheet *.jpg --output sheet.png                 photo, depth, subject, refocused
      autofocus compare resnet mine --photos holiday           how far two models agree
      autofocus versions                                       the models that can be used
      autofocus publish runs/version-b owner/name --tag v2     a version to the Hugging Face Hub
      autofocus serve                                          the page, in a browser

    \b
    Exit status: 0 all done; 1 some photo or the request failed, each named with its reason;
    2 wrong usage; 130 interrupted.
    """


@app.command(cls=Command, short_help="depth and subject of photos")
def predict(
    photos: Photos,
    output: Annotated[Path, option("--output", "DIR", "folder for maps")],
    version: ModelVersion = None,
) -> int:
    """For each photo NAME.jpg, write into the output folder:

    \b
      NAME.depth.png      16-bit grey, the photo's size: 65535 is nearest, 0 farthest
      NAME.saliency.png   8-bit grey: how surely each pixel belongs to the subject, times 255
      NAME.json           focus, range, reason, salient_pixels, width, height, version, seconds

    A folder or a wildcard stands for the photos in it, and - for standard input. Nothing is
    overwritten: where NAME is taken, the files are called NAME-2, NAME-3 and so on. A photo that
    cannot be read is reported, the others go on, and the exit status is 1.
    """
    from autofocus.cli import commands

    return commands.predict(photos, output, version)


@app.command(cls=Command, short_help="photos with another focus")
@takes_lens
def refocus(
    *,
    photos: Photos,
    output: Annotated[
        str, option("--output", "FILE|FOLDER/", "what to write; - is standard output")
    ],
    focus: FocusOn = None,
    lens: dict[str, float],
    depth: DepthMap = None,
    invert: Invert = False,
    correction: Correction = None,
    settings: SettingsFile = None,
    keep_location: KeepLocation = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="the output may replace a photo that is read")
    ] = False,
    version: ModelVersion = None,
) -> int:
    """Photograph photos again with a wide aperture.

    \b
      --focus auto        on the subject (the default)
      --focus 0.7         on a depth from 0 (farthest) to 1 (nearest)
      --focus 1024,768    on what is at this pixel, counted from the left and from the top

    The aperture is an f-number (--f-stop 1.4), or the radius of the largest circle of confusion
    over the photo's diagonal (--aperture 0.03). The band of depth that is sharp (--range) is what
    the subject fills, or, with a --focus of yours, a single depth.

    The output's suffix chooses its format; a file of that name is replaced, but never the photo
    itself unless --overwrite is given. Several photos need a folder as output: each keeps its name
    there, or becomes NAME-2 where that is taken. A folder or a wildcard stands for the photos in
    it, and - for standard input or output. With --depth, a grey map of yours (nearest brightest) is
    used instead of the network's; `--depth phone` is the one in the photo's own file.
    """
    from autofocus.batch.refocusing import Refocusing
    from autofocus.cli import commands

    given = Refocusing(focus, lens, depth, invert, correction, version)
    return commands.refocus(photos, output, given, settings, keep_location, overwrite)


@app.command(cls=Command, short_help="the focus pulled through a photo")
@takes_lens
def rack(
    *,
    photo: OnePhoto,
    output: OutputFile,
    start: Annotated[
        float | None, option("--from", "F", "depth, 0..1", parser=parser(read_depth_value))
    ] = None,
    end: Annotated[
        float | None, option("--to", "F", "depth, 0..1", parser=parser(read_depth_value))
    ] = None,
    seconds: Annotated[
        float | None, option("--seconds", "S", "up to 60 (default: 2)", parser=parser(read_seconds))
    ] = None,
    lens: dict[str, float],
    depth: DepthMap = None,
    invert: Invert = False,
    version: ModelVersion = None,
) -> int:
    """Pull the focus through a scene: a video (.mp4) or an animated image (.webp, .gif).

    It is at most 1280 pixels long. --from and --to are depths from 0 (farthest) to 1 (nearest);
    without them the focus goes from the far end, or from the near one if that is farther away, to
    the subject.
    """
    from autofocus.batch.refocusing import Refocusing
    from autofocus.cli import commands

    given = Refocusing(end, lens, depth, invert, version=version)
    return commands.rack(photo, output, given, start, seconds)


@app.command(cls=SheetCommand, short_help="a contact sheet of photos and versions")
def sheet(
    photos: Photos,
    output: OutputFile,
    versions: Annotated[
        list[str] | None, option(SEVERAL, "V...", "models (default: the default one)")
    ] = None,
) -> int:
    """A contact sheet: one row a photo; depth, subject and refocused photo for each version.

    The output's suffix chooses its format: an image (.png, .jpg and so on), or .html for one page
    that holds its images and can be sent to anybody.
    """
    from autofocus.cli import commands

    return commands.sheet(photos, output, versions)


@app.command(cls=Command, short_help="how far two versions agree")
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="a model of `autofocus versions`")],
    second: Annotated[str, typer.Argument(metavar="B", help="another")],
    photos: Annotated[Path, option("--photos", "DIR", "their folder")],
    output: Annotated[
        Path, option("--output", "DIR", "where to write (default: comparison)")
    ] = Path("comparison"),
) -> int:
    """How far two versions agree on the photos of a folder. Printed for each photo, and their mean:

    \b
      rank correlation    of the depths (Spearman): 1 is the same order, -1 the reverse
      subject IoU         of the salient pixels: 1 is the same subject
      focus distance      of the default focus values: 0 is the same

    Written into the output folder: A-B.png and A-B.html, with both versions' depth, subject and
    refocused photo, and where A sees nearer (orange) or farther (blue) than B. A photo that cannot
    be read is reported, the others go on, and the exit status is 1.
    """
    from autofocus.cli import commands

    return commands.compare(first, second, photos, output)


@app.command(cls=Command, short_help="a folder or bucket of any size")
@takes_lens
def batch(
    *,
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="a folder, a quoted wildcard or a bucket's URI")
    ],
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="a folder or a bucket's URI")],
    refocus: Annotated[bool, flag("--refocus", "refocused photos as well")] = False,
    focus: FocusOn = None,
    lens: dict[str, float],
    settings: SettingsFile = None,
    keep_location: KeepLocation = False,
    version: ModelVersion = None,
    parquet: Annotated[bool, flag("--parquet", "Parquet files instead of three for a photo")] = (
        False
    ),
    workers: Annotated[
        int | None, option("--workers", "N", "processes (default: as many as fit)", min=1)
    ] = None,
    threads: Annotated[
        int | None, option("--threads", "N", "of each (default: its part of the CPUs)", min=1)
    ] = None,
    address: Annotated[
        str | None, option("--address", "A", "a Ray cluster to join, such as auto")
    ] = None,
) -> int:
    """Depth, subject and focus of any number of photos, on Ray Data.

    INPUT is a folder, whose photos at any depth are meant, a wildcard in quotes
    ('holiday/**/*.jpg') or the URI of a bucket (s3://…, gs://…). Outputs are called as `predict`
    calls them, and with --refocus as `refocus` does, in the same subfolders. What is there already
    and whole is not made again: run the same command again after a stop.

    A photo that cannot be read is reported, also in OUTPUT/errors.jsonl; the others go on, and the
    exit status is 1. docs/batch.md has clusters, costs, and how to read Parquet.
    """
    from autofocus.batch.refocusing import Refocusing
    from autofocus.cli import commands
    from autofocus.cli.settings import fill

    given = Refocusing(focus, lens, version=version)
    if not refocus and (given != Refocusing(version=version) or settings or keep_location):
        raise typer.BadParameter("These options need --refocus.")
    how = fill(given, settings) if refocus else None
    return commands.batch(
        source,
        output,
        how,
        how.version if how else version,
        keep_location=keep_location,
        parquet=parquet,
        workers=workers,
        threads=threads,
        address=address,
    )


@app.command(cls=Command, short_help="the models that can be used here")
def versions() -> int:
    """List every version: its name, where it comes from, its hash and its measured quality."""
    from autofocus.cli import commands

    return commands.versions()


@app.command(cls=Command, short_help="a version to the Hugging Face Hub")
def publish(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="of the version")],
    repo: Annotated[str, typer.Argument(metavar="REPO", help="owner/name")],
    tag: Annotated[str | None, option("--tag", "T", "a name for this state, such as v1")] = None,
    dry_run: DryRun = False,
) -> int:
    """Check a version's folder strictly, write a model card if it has none, and upload both.

    All goes in one commit, with a tag if one is given. A folder with anything else in it, or a
    version that fails, is refused. Log in first: HF_TOKEN=… or `hf auth login`.
    """
    from autofocus.cli import commands

    return commands.publish(folder, repo, tag, dry_run)


@app.command("publish-space", cls=Command, short_help="the app as a Space of your own")
def publish_space(
    repo: Annotated[str, typer.Argument(metavar="REPO", help="owner/name")],
    dry_run: DryRun = False,
) -> int:
    """Upload the app with its bundled versions as a Gradio Space.

    The repos named in AUTOFOCUS_HUB_REPO are named in its README; set the same variable in the
    Space's settings to offer them there.
    """
    from autofocus.cli import commands

    return commands.publish_space(repo, dry_run)


@app.command(cls=Command, short_help="the page, in a browser")
def serve() -> int:
    """Serve the page on this machine; GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say where."""
    from autofocus.page.start import main  # without the commands: they load more than it needs

    return main()
