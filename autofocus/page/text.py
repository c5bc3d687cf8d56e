"""What the page says, and the templates in which it says it."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
STATIC = HERE / "static"

TRY = "Click in this photo to focus there."
HINT = "Click to focus there, or drag the slider."
READING = "Reading the photo …"
FINDING = "Finding depth and subject …"
RENDERING = "Rendering …"
MAKING = "Making the file at full size …"
GONE = "This photo was kept for an hour and is gone now. Open it again."
NO_VERSION = "No model version is installed here, so photos cannot be analysed."
SET_BY_HAND = "Set by hand."


def note(text: str, kind: str = "plain") -> str:
    """A line of status for the page; errors are announced to screen readers at once."""
    return fill("note.html", text=text, kind=kind)


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def fill(template: str, **values: object) -> str:
    """A template of this package with its values, all of them escaped."""
    return environment().get_template(template).render(**values).strip()


@cache
def environment() -> Environment:
    """The templates' folder."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def text(file: str) -> str:
    """A script, style or page of the static folder."""
    return (STATIC / file).read_text(encoding="utf-8")
