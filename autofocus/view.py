"""Images for people: depth in colours, the subject in red, contact sheets."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from autofocus.focus import SALIENT

RED = np.array([0.90, 0.10, 0.12], np.float32)
RED_OPACITY = 0.55
OUTLINE = np.array([1.0, 1.0, 1.0], np.float32)
OUTLINE_OPACITY = 0.75
OUTLINE_WIDTH = 0.003  # of the image's diagonal
SUBJECT_INSIDE, SUBJECT_OUTLINE = 1, 2  # values of `mark_subject`
PALETTES = {"inferno": cv2.COLORMAP_INFERNO, "turbo": cv2.COLORMAP_TURBO}
GREY = "grey"
PALETTE_NAMES = (*PALETTES, GREY)
FULL_DIFFERENCE = 0.25  # of the whole range of depths
SAME, NEARER, FARTHER = (
    np.array(colour, np.float32)
    for colour in ((0.35, 0.35, 0.36), (1.0, 0.72, 0.25), (0.10, 0.25, 0.85))
)

CELL = 360  # height of an image in a contact sheet, in pixels
GAP = 12
CAPTION = 22  # height of a line of text
PAPER, INK = (24, 24, 26), (235, 235, 238)


def colour_depth(depth: np.ndarray, palette: str = "inferno") -> np.ndarray:
    """H×W depth in [0, 1] → H×W×3 float32 in [0, 1]; nearer is brighter.

    "inferno" is perceptual, "turbo" shows small steps, "grey" is the depth itself.

    Raises:
        ValueError: there is no such palette.

    """
    depth = np.clip(depth, 0, 1).astype(np.float32)
    if palette == GREY:
        return np.repeat(depth[..., None], 3, axis=2)
    if palette not in PALETTES:
        raise ValueError(f"there is no palette {palette!r}; there are {', '.join(PALETTE_NAMES)}")
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], PALETTES[palette])
    return (table[:, 0, ::-1].astype(np.float32) / 255)[np.round(depth * 255).astype(np.uint8)]


def colour_difference(difference: np.ndarray) -> np.ndarray:
    """A signed H×W difference of depths → H×W×3 float32 in [0, 1].

    Grey is no difference, orange is nearer, blue is farther; both are full at `FULL_DIFFERENCE`.
    The two differ in lightness too, for eyes that cannot tell them by hue.
    """
    fraction = np.clip(difference / FULL_DIFFERENCE, -1, 1).astype(np.float32)[..., None]
    ends = np.where(fraction > 0, NEARER, FARTHER)
    return (SAME + np.abs(fraction) * (ends - SAME)).astype(np.float32)


def mark_subject(saliency: np.ndarray, diagonal: float | None = None) -> np.ndarray:
    """Where the Subject view is red, and where it is outlined.

    Args:
        saliency: H×W in [0, 1].
        diagonal: of the whole image in these pixels, if this is a part of it.

    Returns:
        H×W uint8: `SUBJECT_INSIDE` where salient, `SUBJECT_OUTLINE` around that, 0 elsewhere.

    """
    salient = np.uint8(saliency >= SALIENT)
    width = max(1, round(OUTLINE_WIDTH * (diagonal or float(np.hypot(*saliency.shape)))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    rim = cv2.dilate(salient, disc) - salient
    return salient * np.uint8(SUBJECT_INSIDE) + rim * np.uint8(SUBJECT_OUTLINE)


def overlay_saliency(image: np.ndarray, saliency: np.ndarray) -> np.ndarray:
    """Draw the Subject view: salient pixels red within a white boundary, not by colour alone.

    Args:
        image: H×W×3 in [0, 1], what it is drawn on: the depth in colours, or the photo.
        saliency: H×W in [0, 1].

    Returns:
        H×W×3 float32 in [0, 1]. The viewer's shader draws the same.

    Raises:
        ValueError: image and saliency differ in size.

    """
    if image.shape[:2] != saliency.shape:
        raise ValueError(f"image is {image.shape[:2]} but saliency is {saliency.shape}")
    mask = mark_subject(saliency)
    result = image.astype(np.float32, copy=True)
    for value, colour, opacity in (
        (SUBJECT_INSIDE, RED, RED_OPACITY),
        (SUBJECT_OUTLINE, OUTLINE, OUTLINE_OPACITY),
    ):
        where = mask == value
        result[where] = (1 - opacity) * result[where] + opacity * colour
    return result


def contact_sheet(
    rows: Sequence[Sequence[np.ndarray]], columns: Sequence[str], captions: Sequence[str]
) -> np.ndarray:
    """Images in rows under column titles, each row under its caption.

    Args:
        rows: images, H×W×3 in [0, 1] of any size; all rows equally long.
        columns: a title for each column.
        captions: a line for each row.

    Returns:
        H×W×3 float32 in [0, 1].

    Raises:
        ValueError: the numbers of images, titles and captions do not match.

    """
    if not rows or len(rows) != len(captions) or any(len(row) != len(columns) for row in rows):
        raise ValueError("a contact sheet needs a title for each column and a caption for each row")
    cells = [[to_cell(image) for image in row] for row in rows]
    widths = [max(row[i].width for row in cells) for i in range(len(columns))]
    line = CAPTION + GAP
    height = GAP + line + len(rows) * (CELL + line + GAP)
    sheet = Image.new("RGB", (GAP + sum(w + GAP for w in widths), height), PAPER)
    lefts = [GAP + sum(widths[:i]) + i * GAP for i in range(len(columns))]
    for left, width, title in zip(lefts, widths, columns, strict=True):
        write(sheet, left, GAP, title, width)
    for number, (row, caption) in enumerate(zip(cells, captions, strict=True)):
        top = GAP + line + number * (CELL + line + GAP)
        for left, width, cell in zip(lefts, widths, row, strict=True):
            sheet.paste(cell, (left + (width - cell.width) // 2, top))
        write(sheet, GAP, top + CELL + GAP // 2, caption, sheet.width - 2 * GAP)
    return np.asarray(sheet, dtype=np.float32) / 255


def to_cell(image: np.ndarray) -> Image.Image:
    """An image at a contact sheet's height; panoramas are limited in width."""
    height, width = image.shape[:2]
    scale = min(CELL / height, 2 * CELL / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image.astype(np.float32), size, interpolation=method)
    return Image.fromarray(np.uint8(np.clip(small, 0, 1) * 255 + 0.5))


def write(sheet: Image.Image, left: int, top: int, text: str, width: int) -> None:
    """One line of text, shortened to its width."""
    font = ImageFont.load_default(size=CAPTION - 5)
    while len(text) > 1 and font.getlength(text) > width:
        text = text[:-2] + "…"
    ImageDraw.Draw(sheet).text((left, top), text, font=font, fill=INK)
