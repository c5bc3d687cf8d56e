"""Sheets of photos × versions, to be looked at and passed on: an image, or a page of HTML."""

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from autofocus.files.atomic import write_text
from autofocus.photo import format_of, preview, to_bytes, write_photo
from autofocus.view import contact_sheet

CELL_LONG_SIDE = 640  # pixels of an image on a sheet
HTML = (".html", ".htm")
TEMPLATE = "sheet.html.j2"
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Sheet:
    """Images in rows under titles; `add` shrinks them, so that many photos fit into memory."""

    title: str
    columns: list[str]
    captions: list[str] = field(default_factory=list)
    rows: list[list[np.ndarray]] = field(default_factory=list)

    def add(self, caption: str, images: list[np.ndarray]) -> None:
        """One more row of H×W×3 images in [0, 1], one for each column."""
        self.captions.append(caption)
        self.rows.append([preview(image, CELL_LONG_SIDE) for image in images])


def check_sheet_format(path: Path) -> None:
    """PhotoError where a sheet cannot be written under this suffix."""
    if path.suffix.lower() not in HTML:
        format_of(path)


def write_sheet(sheet: Sheet, path: Path, table: list[list[str]] | None = None) -> None:
    """Write a sheet as HTML or as an image, by the path's suffix.

    Args:
        sheet: has one row at least.
        path: ends in .html or as a photo does.
        table: its heads and its rows; a page of HTML begins with it.

    Raises:
        PhotoError: the suffix is of no such format, or the file cannot be written.

    """
    check_sheet_format(path)
    if path.suffix.lower() not in HTML:
        write_photo(contact_sheet(sheet.rows, sheet.columns, sheet.captions), path)
        return
    write_text(path, to_html(sheet, table))


def to_html(sheet: Sheet, table: list[list[str]] | None = None) -> str:
    """One page that needs nothing else: its images are inside it, and it has no script."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    templates.filters["data_uri"] = data_uri
    columns = [zip(sheet.columns, images, strict=True) for images in sheet.rows]
    rows = zip(sheet.captions, columns, strict=True)
    return templates.get_template(TEMPLATE).render(sheet=sheet, table=table, rows=rows)


def data_uri(image: np.ndarray) -> str:
    """H×W×3 in [0, 1] as a JPEG inside an address."""
    file = io.BytesIO()
    Image.fromarray(to_bytes(image)).save(file, format="JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
