"""Sheets of photos × versions, to be looked at and passed on: a picture, or a page of HTML."""

import base64
import html
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from autofocus.files.atomic import write_text
from autofocus.photo import format_of, preview, to_bytes, write_photo
from autofocus.view import contact_sheet

CELL_LONG_SIDE = 640  # pixels of a picture on a sheet
HTML = (".html", ".htm")
JPEG_QUALITY = 88
# Nothing is loaded from anywhere, and nothing runs.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 1800px; padding: 16px; font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 2rem 0 0.5rem; overflow-wrap: anywhere; }
.row { display: flex; gap: 12px; overflow-x: auto; padding-bottom: 6px; }
figure { flex: 1 0 220px; max-width: 560px; margin: 0; }
img { display: block; width: 100%; height: auto; background: #777; }
figcaption { font-size: 0.85rem; padding-top: 4px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 14px 4px 0; text-align: right; border-bottom: 1px solid #8886; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
tr:last-child td { font-weight: 600; }
"""


@dataclass(frozen=True)
class Sheet:
    """Pictures in rows under titles; `add` shrinks them, so that many photos fit into memory."""

    title: str
    columns: list[str]
    captions: list[str] = field(default_factory=list)
    rows: list[list[np.ndarray]] = field(default_factory=list)

    def add(self, caption: str, pictures: list[np.ndarray]) -> None:
        """One more row of H×W×3 pictures in [0, 1], one for each column."""
        self.captions.append(caption)
        self.rows.append([preview(picture, CELL_LONG_SIDE) for picture in pictures])


def check_sheet_format(path: Path) -> None:
    """PhotoError where a sheet cannot be written under this suffix."""
    if path.suffix.lower() not in HTML:
        format_of(path)


def write_sheet(sheet: Sheet, path: Path, table: list[list[str]] | None = None) -> None:
    """Write a sheet as HTML or as a picture, by the path's suffix.

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
    """One page that needs nothing else: its pictures are inside it, and it has no script."""
    title = html.escape(sheet.title)
    rows = zip(sheet.captions, sheet.rows, strict=True)
    body = "\n".join(to_section(caption, sheet.columns, pictures) for caption, pictures in rows)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
{to_table(table) if table else ""}
{body}
</body>
</html>
"""


def to_section(caption: str, columns: list[str], pictures: list[np.ndarray]) -> str:
    """One photo with all that was made of it."""
    figures = "\n".join(map(to_figure, columns, pictures))
    return f'<h2>{html.escape(caption)}</h2>\n<div class="row">\n{figures}\n</div>'


def to_figure(title: str, picture: np.ndarray) -> str:
    """One picture with its title."""
    height, width = picture.shape[:2]
    said = html.escape(title)
    source = f'src="{data_uri(picture)}" width="{width}" height="{height}"'
    return f'<figure><img {source} alt="{said}"><figcaption>{said}</figcaption></figure>'


def data_uri(picture: np.ndarray) -> str:
    """A picture as a JPEG inside an address."""
    file = io.BytesIO()
    Image.fromarray(to_bytes(picture)).save(file, format="JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def to_table(table: list[list[str]]) -> str:
    """A table whose first row is its heads."""
    lines = []
    for number, row in enumerate(table):
        tag = "td" if number else "th"
        cells = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>\n{chr(10).join(lines)}\n</table>"
