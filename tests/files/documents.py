"""docs/files.md, made of what really happens: `python -m tests.files.documents` writes it anew."""

import tempfile
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image

from autofocus.errors import AutoFocusError
from autofocus.files import exif, hdr, iptc, xmp
from autofocus.files.colour import PRIMARIES, srgb_to_linear
from autofocus.files.colour_maps import table
from autofocus.photo import Photo, read_depth, read_photo, write_photo
from tests.files import facts, heic
from tests.files.pictures import (
    colours,
    gdepth,
    gdepth_description,
    levels,
    multi_picture,
    ramp,
    raw_file,
    saved,
    tiff,
    with_segments,
    words,
    xmp_segment,
)
from tests.files.test_colour import (
    BT2020,
    MUTED,
    P3,
    adobe_exif,
    avif,
    avif8,
    hdr_signal,
    in_space,
    png8,
    png16,
)
from tests.files.test_colour import heic as heic10
from tests.files.test_colour import heic8 as heic_8
from tests.files.test_depth_map import DISTANCE, exr, npy, npz, pfm
from tests.files.test_phone_depth import dynamic_depth, photo_jpeg

PAGE = Path(__file__).parents[2] / "docs" / "files.md"
INTRODUCTION = """# Files: what is read, what is written, what is kept

The tables on this page are made by a test from what really happens to small files of each kind
(`python -m tests.files.documents` writes the page anew; the test fails when it is out of date).
The code is in `autofocus/files/`, one job a module; `autofocus/photo.py` is its front door.

Inside, a photo is RGB in floating point, sRGB-encoded, upright, and lies over white where it is
transparent. Photos above 64 megapixels are refused before they are decoded; another limit can be
given to `read_photo` as `max_megapixels`.
"""
COLOUR = """## Colour

Everything becomes sRGB, and every file that is written says so (ICC profile, EXIF ColorSpace 1).
What counts first: PNG's cICP; PQ or HLG of a HEIC or AVIF; an ICC profile; EXIF's Adobe RGB (DCF's
interoperability R03, or the unofficial ColorSpace 2); the nclx code points of HEIC and AVIF.
Colours beyond sRGB are clipped. A floating-point TIFF is linear or encoded as its profile says;
without a profile it is taken as sRGB-encoded.

HDR (PQ, HLG) is mapped to SDR: 203 cd/m² is white (ITU-R BT.2408). An image with nothing brighter
keeps its brightness exactly; else its highlights are rolled off by the curve of ITU-R BT.2390, on
the largest channel, so that hues stay. An Ultra HDR JPEG gives its SDR image; the gain map is
left aside.

## Transparency

For the network, the lens and JPEG, a transparent photo lies over white. PNG, WebP and TIFF get its
alpha back. A lens blurs it premultiplied (`photo.through_lens`): the colours without background and
the alpha go through the lens separately, in linear light, so that no white shines in at the edges.

## Writing

Every file is written to a temporary file beside its target, which is renamed when it is complete:
a full disk leaves the old file whole. Facts that are too long for a format are left out.
16 bits that go to JPEG or WebP are dithered to 8 with noise of one step.
"""
RAW = """Raw files: the largest JPEG inside is used if it is at least half as long as the raw
image (1000 pixels where that is not known), and the photo's notes say so. Without
one, the optional `rawpy` (`pip install autofocus[raw]`) develops the file with the
camera's white balance; without `rawpy`, the file is refused in words. A thumbnail is
never taken for the photo.
"""
KEPT = """## What is kept and what is dropped

A list of what may be kept, not of what is dropped: what nobody has thought of stays behind. Who
took the photo, when, with what and under which rights is kept. The place goes unless it is asked
for (`keep_location`): a refocused photo is made to be shown. What identifies a device or a person
in secret never stays: makers' notes, serial numbers, owner, comments of programs (EXIF
UserComment, prompts in PNG), unique image and document numbers, thumbnails. Sizes, orientation and
colour space are written anew, and the resolution turns with the photo. IPTC-IIM and PNG's texts
are repeated as XMP where the target has no place for them.
"""
PHONE = """## The depth map in a phone's portrait

`Photo.depth` is the phone's own map (upright, at its own size, 1 nearest), `Photo.matte` its cut-
out of people. GDepth and dynamic depth are read by their format (RangeInverse, RangeLinear),
HEIC's by its depth representation; a second image of a JPEG without a label is taken for a map
if it is grey, has the photo's aspect and is not the photo again, near bright.
"""
MAPS = """## Custom depth maps

Inside, depth is 1 for the nearest and falls like disparity, with the inverse of the distance. A map
of ours, and one that fills its range (0 to 65535, 0 to 1), is used to the letter; others are
stretched between their 0.5 and 99.5 percentiles. Whole numbers of 16 bits that do not fill
their range, and floats beyond
1, are distances or disparities by what the file says (a channel Z, an array called depth or
disparity, PFM); else by how photos are built: the lower third is nearer than the upper one.
`DepthMap.note` says what was assumed, `invert` says that near is dark, and `runs_against` tells
when a map has them the other way than the network's (rank correlation below −0.3). EXIF's
orientation is honoured; holes (NaN, infinities, 0 among distances) are filled from around.
"""


def photos():
    """(format, bits, colours, file) of what is read."""
    picture, grey = levels(MUTED), levels(MUTED[..., 0])
    image = Image.fromarray(picture)
    p3, bt2020 = in_space(MUTED, P3, srgb_to_linear), in_space(MUTED, BT2020, srgb_to_linear)
    adobe = hdr.rgb_to_rgb(PRIMARIES[1], ((0.64, 0.33, 0.21, 0.71, 0.15, 0.06), PRIMARIES[1][1]))
    adobe = levels(np.clip(srgb_to_linear(MUTED) @ adobe.T, 0, 1) ** (256 / 563))
    best = {"quality": 98, "subsampling": 0}
    preview = saved(Image.fromarray(levels(colours(400, 600))), "JPEG", **best)
    gain = with_segments(saved(Image.fromarray(grey), "JPEG"), xmp_segment("<x hdrgm:Version/>"))
    base = with_segments(saved(image, "JPEG", **best), xmp_segment('<x hdrgm:Version="1.0"/>'))
    clear = Image.fromarray(np.dstack([picture, np.full_like(grey, 128)]))
    return [
        ("JPEG", 8, "sRGB", saved(image, "JPEG", **best)),
        ("JPEG", 8, "Adobe RGB by EXIF", saved(Image.fromarray(adobe), "JPEG", **best,
         exif=adobe_exif(65535, "R03"))),
        ("JPEG", 8, "CMYK", saved(image.convert("CMYK"), "JPEG", **best)),
        ("JPEG", 8, "Ultra HDR", multi_picture(base, gain)),
        ("PNG", 8, "sRGB", saved(image, "PNG")),
        ("PNG", 8, "transparent", saved(clear, "PNG")),
        ("PNG", 8, "palette", saved(image.quantize(256), "PNG")),
        ("PNG", 8, "Display P3 by cICP", png8(p3, P3, 13)),
        ("PNG", 16, "grey", imagecodecs.png_encode(words(MUTED[..., 0]))),
        ("PNG", 16, "BT.2020 by cICP", png16(bt2020, BT2020, 13)),
        ("PNG", 16, "PQ by cICP", png16(hdr_signal(MUTED, hdr.PQ), BT2020, hdr.PQ)),
        ("WebP", 8, "sRGB", saved(image, "WEBP", lossless=True)),
        ("GIF", 8, "palette, first frame", saved(image.quantize(256), "GIF")),
        ("HEIC", 8, "Display P3 by nclx", heic_8(p3, P3, 13)),
        ("HEIC", 10, "BT.2020 by nclx", heic10(bt2020, BT2020, 13)),
        ("HEIC", 10, "HLG", heic10(hdr_signal(MUTED, hdr.HLG), BT2020, hdr.HLG)),
        ("AVIF", 8, "Display P3 by nclx", avif8(p3, P3, 13)),
        ("AVIF", 10, "PQ", avif(hdr_signal(MUTED, hdr.PQ), BT2020, hdr.PQ)),
        ("TIFF", 8, "sRGB", saved(image, "TIFF")),
        ("TIFF", 8, "white is zero", tiff(255 - grey, photometric="miniswhite")),
        ("TIFF", 16, "RGB", tiff(words(MUTED), photometric="rgb")),
        ("TIFF", 16, "RGB in planes, tiled", tiff(np.moveaxis(words(MUTED), 2, 0),
         photometric="rgb", planarconfig="separate", tile=(16, 32))),
        ("TIFF", 16, "white is zero", tiff(65535 - words(MUTED[..., 0]), photometric="miniswhite")),
        ("TIFF", 16, "CMYK", tiff(np.asarray(image.convert("CMYK")).astype(np.uint16) * 257,
         photometric="separated")),
        ("TIFF", 32, "floating point", tiff(MUTED.astype(np.float32), photometric="rgb")),
        ("TIFF", 32, "floating point to 3e38", tiff(np.full((8, 8), 3e38, np.float32))),
        ("raw", 12, "with a large preview", raw_file(preview)),
    ]  # fmt: skip


def photo_rows():
    """What becomes of each photo."""
    rows = []
    for kind, bits, colour, data in photos():
        try:
            photo = read_photo(data)
            alpha = ", alpha" if photo.alpha is not None else ""
            becomes = " ".join([f"{photo.bits} bits{alpha}.", *photo.notes])
        except AutoFocusError as error:
            becomes = f"Refused: {error}"
        rows.append((kind, str(bits), colour, becomes))
    return rows


def map_rows(folder):
    """What becomes of each depth map."""
    depth, orders = ramp(), {"8 bits": levels(ramp()), "16 bits": words(ramp())}
    image = Image.fromarray(table("turbo")[levels(depth)].round().astype(np.uint8))
    holes = np.where(np.arange(64) < 3, np.nan, 5 + 50 * depth).astype(np.float32)
    files = [
        *(("PNG", f"{name}, full range", saved(Image.fromarray(v), "PNG"))
          for name, v in orders.items()),
        ("PNG", "8 bits, 100 to 140", saved(Image.fromarray((100 + 40 * depth).astype(np.uint8)),
         "PNG")),
        ("PNG", "16 bits, millimetres", saved(Image.fromarray((DISTANCE * 1000).astype(np.uint16)),
         "PNG")),
        ("PNG", "Matplotlib's turbo", saved(image, "PNG")),
        ("PNG", "other colours", saved(Image.fromarray(levels(colours())), "PNG")),
        ("TIFF", "float, metres", tiff(DISTANCE, photometric="minisblack")),
        ("TIFF", "float, disparity with holes", tiff(holes, photometric="minisblack")),
        ("OpenEXR", "channel Z", exr(folder, Z=DISTANCE)),
        ("NPY", "float, metres", npy(DISTANCE)),
        ("NPY", "float, disparity", npy(3 + 20 * depth)),
        ("NPZ", "array called depth", npz(depth=DISTANCE)),
        ("PFM", "float", pfm(3 + 20 * depth)),
    ]  # fmt: skip
    rows = []
    for kind, numbers, data in files:
        try:
            rows.append((kind, numbers, read_depth(data).note))
        except AutoFocusError as error:
            rows.append((kind, numbers, f"Refused: {error}"))
    return rows


def phone_rows():
    """Which portraits give their maps."""
    photo, depth = Image.fromarray(levels(colours())), Image.fromarray(levels(ramp(24, 32)))
    label = xmp_segment('<x apdi:AuxiliaryImageType="disparity"/>')
    second, (said, data) = saved(depth, "JPEG"), gdepth(ramp(24, 32))
    files = [
        ("HEIC", "depth image", heic.heic_with(photo, depth, heic.DEPTH)),
        ("HEIC", "Apple's portrait matte", heic.heic_with(photo, depth, heic.MATTE)),
        ("JPEG", "GDepth", with_segments(photo_jpeg(), xmp_segment(gdepth_description(
         said | {"Data": data})))),
        ("JPEG", "dynamic depth, older container", dynamic_depth(False)),
        ("JPEG", "dynamic depth, newer container", dynamic_depth(True)),
        ("JPEG", "second image, Apple's", multi_picture(photo_jpeg(),
         with_segments(second, label))),
        ("JPEG", "second image, no label, grey", multi_picture(photo_jpeg(), second)),
    ]  # fmt: skip
    rows = []
    for kind, what, data in files:
        found = read_photo(data)
        maps = {"depth": found.depth, "matte": found.matte}
        rows.append(
            (kind, what, ", ".join(name for name, kept in maps.items() if kept is not None))
        )
    return rows


def written_rows(folder):
    """What each format takes of a photo with everything."""
    data = saved(Image.fromarray(levels(MUTED)), "JPEG", exif=facts.exif(), dpi=(300, 300))
    data = with_segments(data, xmp_segment(facts.XMP), facts.photoshop_segment())
    full = read_photo(data)
    alpha = np.full(MUTED.shape[:2], 0.5, np.float32)
    full = Photo(full.pixels, alpha, 16, full.metadata)
    rows = []
    for name, suffixes in (("JPEG", ".jpg"), ("PNG", ".png"), ("WebP", ".webp"), ("TIFF", ".tif")):
        path = folder / f"photo{suffixes}"
        write_photo(full.pixels, path, full)
        again = read_photo(path)
        said = again.metadata
        facts_kept = {"EXIF": said.exif.main, "XMP": said.xmp, "IPTC-IIM": said.iptc}
        kept = ", ".join(kind for kind, value in facts_kept.items() if value)
        cover = "kept" if again.alpha is not None else "over white"
        rows.append((name, "16" if again.bits == 16 else "8 (dithered)", cover, kept))
    return rows


def lay_out(heads, rows):
    """A Markdown table."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def page():
    """The whole page."""
    kept = [
        ("EXIF", ", ".join((exif.KEPT | exif.KEPT_CAMERA).values()), "GPS"),
        ("XMP", ", ".join(f"`{name}`" for name in xmp.KEPT),
         ", ".join(f"`{name}`" for name in xmp.PLACES)),
        ("IPTC-IIM", ", ".join(iptc.KEPT.values()), ", ".join(iptc.PLACES.values())),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [
            INTRODUCTION,
            "## Photos that are read\n",
            lay_out(("Format", "Bits", "Colours", "Becomes"), photo_rows()),
            RAW,
            COLOUR,
            lay_out(("Format", "Bits of 16", "Alpha", "Facts"), written_rows(folder)),
            KEPT,
            lay_out(("In", "Kept", "Kept with `keep_location` only"), kept),
            PHONE,
            lay_out(("Format", "Holds", "Gives"), phone_rows()),
            MAPS,
            lay_out(("Format", "Numbers", "What is said"), map_rows(folder)),
        ]
    return "\n".join(parts)


if __name__ == "__main__":
    pillow_heif.register_heif_opener()
    PAGE.write_text(page(), encoding="utf-8")
