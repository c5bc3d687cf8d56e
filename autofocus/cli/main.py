"""The command `autofocus`: all that the page does, for scripts.

This file parses and reports; `commands.py` does the work and is imported only when there is work,
so that `--help` and wrong usage answer at once.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from autofocus.errors import AutoFocusError

FAILED, INTERRUPTED = 1, 130

OVERVIEW = """\
Change what a photo is focused on, after it was taken.

  autofocus predict IMG_1.jpg IMG_2.heic --output maps     depth and subject of photos
  autofocus refocus IMG_1.jpg --output soft.jpg            focus on the subject, at f/2
  autofocus refocus IMG_1.jpg --output cup.jpg --focus 1024,768 --f-stop 1.4
  autofocus rack IMG_1.jpg --output pull.mp4               the focus pulled through the scene
  autofocus sheet *.jpg --output sheet.png                 photo, depth, subject, refocused
  autofocus compare resnet mine --photos holiday           how far two models agree
  autofocus versions                                       the models that can be used
  autofocus publish runs/version-b owner/name --tag v2     a version to the Hugging Face Hub

Exit status: 0 all done; 1 some photo or the request failed, each named with its reason;
2 wrong usage.
"""

PREDICT = """\
For each photo NAME.jpg, write into the output folder:

  NAME.depth.png      16-bit grey, the photo's size: 65535 is nearest, 0 farthest
  NAME.saliency.png   8-bit grey: how surely each pixel belongs to the subject, times 255
  NAME.json           focus, reason, salient_pixels, width, height, version, seconds

Nothing is overwritten: where NAME is taken, the files are called NAME-2, NAME-3 and so on.
A photo that cannot be read is reported, the others go on, and the exit status is 1.
"""

REFOCUS = """\
Photograph a photo again with a wide aperture.

  --focus auto        on the subject (the default)
  --focus 0.7         on a depth from 0 (farthest) to 1 (nearest)
  --focus 1024,768    on what is at this pixel, counted from the left and from the top

The aperture is an f-number (--f-stop 1.4), or the radius of the largest circle of confusion over
the photo's diagonal (--aperture 0.03). The output's suffix chooses its format; a file of that name
is replaced. With --depth, a grey map of yours (nearest brightest) is used instead of the network's.
"""


RACK = """\
Pull the focus through a scene: a film (.mp4) or an animated picture (.webp, .gif), at most 1280
pixels long. --from and --to are depths from 0 (farthest) to 1 (nearest); without them the focus
goes from the far end, or from the near one if that is farther away, to the subject.
"""


PUBLISH = """\
Check a version's folder strictly, write a model card if it has none, and upload both in one commit,
with a tag if one is given. A folder with anything else in it, or a version that fails, is refused.
Log in first: HF_TOKEN=… or `hf auth login`.
"""

PUBLISH_SPACE = """\
Upload the app with its bundled versions as a Gradio Space. The repos named in AUTOFOCUS_HUB_REPO
are named in its README; set the same variable in the Space's settings to offer them there.
"""

SHEET = """\
A contact sheet: one row a photo; depth, subject and refocused photo for each version.

The output's suffix chooses its format: a picture (.png, .jpg and so on), or .html for one page that
holds its pictures and can be sent to anybody.
"""

COMPARE = """\
How far two versions agree on the photos of a folder. Printed for each photo, and their mean:

  rank correlation    of the depths (Spearman): 1 is the same order, -1 the reverse
  subject IoU         of the salient pixels: 1 is the same subject
  focus distance      of the default foci: 0 is the same

Written into the output folder: A-B.png and A-B.html, with both versions' depth, subject and
refocused photo, and where A sees nearer (orange) or farther (blue) than B.
A photo that cannot be read is reported, the others go on, and the exit status is 1.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    arguments = build_parser().parse_args(argv)
    try:
        status = run(arguments)
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


def run(arguments: argparse.Namespace) -> int:
    """Call the command's function; failures of the whole request become one sentence."""
    from autofocus.cli import commands

    try:
        return getattr(commands, arguments.command.replace("-", "_"))(arguments)
    except AutoFocusError as error:
        print(f"autofocus {arguments.command}: {error}", file=sys.stderr)
        return FAILED


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = argparse.ArgumentParser(
        prog="autofocus", description=OVERVIEW, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_predict(commands)
    add_refocus(commands)
    add_rack(commands)
    add_sheet(commands)
    add_publish(commands)
    add_compare(commands)
    commands.add_parser(
        "versions", help="the models that can be used here", description="List every version."
    )
    return parser


def add_command(commands: argparse._SubParsersAction, name: str, brief: str, text: str):  # noqa: ANN201
    """A command with its help."""
    formatter = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=brief, description=text, formatter_class=formatter)


def add_predict(commands: argparse._SubParsersAction) -> None:
    """`autofocus predict PHOTO... --output DIR [--version V]`."""
    parser = add_command(commands, "predict", "depth and subject of photos", PREDICT)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for maps")
    add_version(parser)


def add_refocus(commands: argparse._SubParsersAction) -> None:
    """`autofocus refocus PHOTO --output FILE […]`."""
    parser = add_command(commands, "refocus", "a photo with another focus", REFOCUS)
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="what to write")
    parser.add_argument("--focus", type=focus_argument, help="auto (the default), 0..1 or X,Y")
    add_lens(parser)
    parser.add_argument("--settings", type=Path, metavar="FILE", help="as downloaded from the page")
    add_version(parser)


def add_rack(commands: argparse._SubParsersAction) -> None:
    """`autofocus rack PHOTO --output FILE [--from F --to F --seconds S]`."""
    parser = add_command(commands, "rack", "the focus pulled through a photo", RACK)
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="what to write")
    parser.add_argument("--from", type=depth_argument, metavar="F", dest="start", help="0..1")
    parser.add_argument("--to", type=depth_argument, metavar="F", dest="end", help="0..1")
    parser.add_argument("--seconds", type=seconds_argument, default=2.0, metavar="S", help="to 60")
    add_lens(parser)
    add_version(parser)


def add_lens(parser: argparse.ArgumentParser) -> None:
    """What sets the lens, and the depth map it looks through."""
    lens = parser.add_mutually_exclusive_group()
    lens.add_argument("--aperture", type=not_negative, metavar="A", help="as a share, e.g. 0.03")
    lens.add_argument("--f-stop", type=positive, metavar="N", help="as on a lens (default: 2)")
    parser.add_argument("--blades", type=blades_argument, help="0 (round, the default) or 5 to 9")
    parser.add_argument("--rotation", type=number, metavar="DEGREES", help="of the blades")
    parser.add_argument(
        "--highlights", type=share, metavar="H", help="0..1: how much clipped lights are expanded"
    )
    parser.add_argument("--depth", type=Path, metavar="FILE", help="your own depth map")


def add_sheet(commands: argparse._SubParsersAction) -> None:
    """`autofocus sheet PHOTO... --versions A B... --output FILE`."""
    parser = add_command(commands, "sheet", "a contact sheet of photos and versions", SHEET)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--versions", nargs="+", metavar="V", help="default: the default version")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="what to write")


def add_publish(commands: argparse._SubParsersAction) -> None:
    """`autofocus publish FOLDER REPO [--tag T] [--dry-run]`, `publish-space REPO [--dry-run]`."""
    parser = add_command(commands, "publish", "a version to the Hugging Face Hub", PUBLISH)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of the version")
    parser.add_argument("repo", metavar="REPO", help="owner/name")
    parser.add_argument("--tag", metavar="T", help="a name for this state, such as v1")
    space = add_command(commands, "publish-space", "the app as a Space of your own", PUBLISH_SPACE)
    space.add_argument("repo", metavar="REPO", help="owner/name")
    for each in (parser, space):
        each.add_argument("--dry-run", action="store_true", help="show what would go, and stop")


def add_compare(commands: argparse._SubParsersAction) -> None:
    """`autofocus compare A B --photos DIR [--output DIR]`."""
    parser = add_command(commands, "compare", "how far two versions agree", COMPARE)
    for name in ("A", "B"):
        parser.add_argument(name, help="a model of `autofocus versions`")
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="their folder")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("comparison"),
        metavar="DIR",
        help="where to write (default: comparison)",
    )


def add_version(parser: argparse.ArgumentParser) -> None:
    """The option that chooses a model."""
    parser.add_argument("--version", metavar="V", help="a model of `autofocus versions`")


def focus_argument(text: str) -> str | float | tuple[int, int]:
    """ "auto", a depth in 0..1, or a pixel "X,Y"."""
    from autofocus.focus import parse_focus

    try:
        return parse_focus(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def depth_argument(text: str) -> float:
    """A depth in 0..1."""
    value = number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 (farthest) and 1 (nearest)")
    return value


def share(text: str) -> float:
    """A number in 0..1."""
    value = number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def seconds_argument(text: str) -> float:
    """A length of time that a film may have."""
    value = positive(text)
    if value > 60:
        raise argparse.ArgumentTypeError(f"{text} is more than 60 seconds")
    return value


def number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number")
    return value


def not_negative(text: str) -> float:
    """A number from 0 on."""
    value = number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def positive(text: str) -> float:
    """A number above 0."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def blades_argument(text: str) -> int:
    """0, or 5 to 9."""
    if text not in ("0", "5", "6", "7", "8", "9"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither 0 (round) nor 5 to 9")
    return int(text)
