"""Damage anywhere in a file gives a picture or one sentence, whatever the file is."""

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from autofocus.errors import AutoFocusError
from autofocus.photo import read_depth, read_photo
from tests.files import heic
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
from tests.files.test_colour import avif, png16
from tests.files.test_colour import heic as deep_heic
from tests.files.test_depth_map import exr, npy, npz, pfm
from tests.files.test_phone_depth import dynamic_depth

PHOTO = saved(Image.fromarray(levels(colours())), "JPEG", quality=95)
MAP = Image.fromarray(levels(ramp(24, 32)))


def portrait():
    facts, image = gdepth(ramp(24, 32))
    return with_segments(PHOTO, xmp_segment(gdepth_description(facts | {"Data": image})))


FILES = {
    "deep TIFF": tiff(words(colours()), photometric="rgb", compression="zlib", predictor=True),
    "planar TIFF": tiff(
        np.moveaxis(words(colours()), 2, 0), photometric="rgb", planarconfig="separate"
    ),
    "tiled float TIFF": tiff(colours(), photometric="rgb", tile=(16, 16)),
    "deep PNG": png16(colours(), 9, 16),
    "deep HEIC": deep_heic(colours(), 9, 18),
    "deep AVIF": avif(colours(), 9, 16),
    "raw": raw_file(PHOTO),
    "GDepth": portrait(),
    "dynamic depth": dynamic_depth(True),
    "MPO": multi_picture(PHOTO, saved(MAP, "JPEG")),
    "portrait HEIC": heic.heic_with(Image.fromarray(levels(colours())), MAP, heic.DEPTH),
    "NPY": npy(ramp()),
    "NPZ": npz(depth=ramp()),
    "PFM": pfm(ramp()),
    "grey PNG": imagecodecs.png_encode(words(ramp())),
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [*FILES, "EXR"])
@pytest.mark.parametrize("read", [read_photo, read_depth])
def test_damage_anywhere(tmp_path, name, read):
    whole = exr(tmp_path, Z=ramp()) if name == "EXR" else FILES[name]
    random = np.random.default_rng(11)
    for part in np.linspace(0, 0.99, 8):
        hurt = bytearray(whole)
        reach = len(hurt) if random.random() < 0.5 else min(len(hurt), 300)
        for place in random.integers(0, reach, 4):
            hurt[place] = random.integers(256)
        for data in (bytes(hurt), whole[: int(part * len(whole))]):
            try:
                found = read(data)
            except AutoFocusError as error:
                assert str(error).endswith((".", "first."))
                continue
            values = found.pixels if read is read_photo else found.depth
            assert np.isfinite(values).all()
            assert values.min() >= 0
            assert values.max() <= 1
