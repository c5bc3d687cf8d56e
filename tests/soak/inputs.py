"""Every kind of input that people send, small and whole, and what reads it."""

import base64
import contextlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pillow_heif
import torch
from PIL import Image

from autofocus.cli.settings import read_settings
from autofocus.errors import RequestError
from autofocus.focus import parse_focus
from autofocus.network import AutoFocusNet
from autofocus.page import payloads
from autofocus.page.correction import PREFIX, png_of
from autofocus.page.gate import Gate, Refusal, parse
from autofocus.page.limits import limits
from autofocus.page.server import build_page
from autofocus.page.visits import Visits
from autofocus.photo import Photo, read_correction, read_depth, read_photo, write_photo
from autofocus.versions import catalog, weights
from autofocus.versions.version import CONFIG, WEIGHTS
from tests.conftest import TINY
from tests.files import documents
from tests.files.facts import XMP, exif, photoshop_segment
from tests.files.pictures import colours, levels, ramp, saved, with_segments, xmp_segment
from tests.files.test_damage import FILES as RICH
from tests.files.test_depth_map import exr

Read = Callable[[bytes], object]
SETTINGS = {
    "photo": "a.jpg", "f_stop": 2.0, "focus": 0.5, "focus_range": 0.1, "blades": 7, "rotation": 10,
    "highlights": 0.5, "cats_eye": 0.2, "spherical": -0.5, "aperture": 0.02, "depth": "d.png",
    "correction": "c.png", "invert": True, "version": "resnet", "default_focus": 0.4,
}  # fmt: skip
CALL = {
    "data": [{"path": "a.png", "meta": {"_type": "gradio.FileData"}}, None, 1.5, "auto", True],
    "fn_index": 3,
    "session_hash": "abc",
    "trigger_id": 12,
    "event_data": {"x": 0.5, "y": 0.25, "run": "r", "box": [0, 0, 1, 1], "index": 0, "png": None},
}


@dataclass(frozen=True)
class Input:
    """A whole input, and all that reads its kind."""

    kind: str
    data: bytes
    readers: tuple[Read, ...]


def inputs(folder: Path) -> list[Input]:
    """All of them; `folder` is for readers of files."""
    pillow_heif.register_heif_opener()
    torch.manual_seed(0)
    return [*photos(), *maps(), *corrections(), *texts(folder), *versions(folder)]


def photos() -> list[Input]:
    """Photos of every format, with facts and a phone's depth, also taken for depth maps."""
    image = Image.fromarray(levels(colours(96, 128)))
    told = with_segments(saved(image, "JPEG", exif=exif()), xmp_segment(XMP), photoshop_segment())
    more = {
        "progressive": saved(image, "JPEG", progressive=True, quality=95),
        "told": told,
        "WebP": saved(image, "WEBP", quality=80, exif=exif()),
        "LZW": saved(image, "TIFF", compression="tiff_lzw"),
        "frames": saved(image, "PNG", save_all=True, append_images=[image.rotate(90)]),
    }
    files = RICH | {f"{each[0]} {each[2]}": each[3] for each in documents.photos()} | more
    return [Input(name, data, (read_and_write, read_depth)) for name, data in files.items()]


def read_and_write(data: bytes) -> None:
    """A photo, and a file with all its facts made of it."""
    photo = read_photo(data)
    assert np.isfinite(photo.pixels).all() and 0 <= photo.pixels.min() <= photo.pixels.max() <= 1
    small = Photo(photo.pixels[:16, :16], None, photo.bits, photo.metadata)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".jpg", ".png", ".webp", ".tif"):
            write_photo(small.pixels, Path(folder) / f"x{suffix}", small, keep_location=True)


def maps() -> list[Input]:
    """What only a depth map is."""
    with tempfile.TemporaryDirectory() as folder:
        return [Input("EXR", exr(Path(folder), Z=ramp()), (read_depth, read_photo))]


def corrections() -> list[Input]:
    """What is painted, as a file and as the page sends it."""
    grey = saved(Image.fromarray(levels(ramp())), "PNG")
    data_url = (PREFIX + base64.b64encode(grey).decode()).encode()
    return [
        Input("correction", grey, (read_correction,)),
        Input("painted", data_url, (lambda data: png_of(data.decode("latin-1")),)),
    ]


def texts(folder: Path) -> list[Input]:
    """Settings, focus texts, and what a browser says of an event."""
    gate = Gate(None, build_page().demo, Visits(folder / "visits", limits()))

    def settings(data: bytes) -> None:
        (folder / "x.settings.json").write_bytes(data)
        read_settings(folder / "x.settings.json")

    told = json.dumps(CALL).encode()
    return [
        Input("settings", json.dumps(SETTINGS).encode(), (settings,)),
        Input("focus", b"1234,567", (read_focus,)),
        *[Input("event", told, (lambda data: take_event(gate, data),))] * 4,
    ]


def read_focus(data: bytes) -> None:
    """A focus text, whose errors are ValueErrors that its callers put into words."""
    try:
        parse_focus(data.decode("latin-1"))
    except ValueError as error:
        assert str(error), "no words"


def take_event(gate: Gate, data: bytes) -> None:
    """An event at the gate and at the border, taken for every event of the page."""
    told = parse(data)
    for path in ("queue/join", "call/predict", "call/v2/refocus"):
        with contextlib.suppress(Refusal):
            gate.check_event(path, data)
    event = told if isinstance(told, dict) else {}
    for model in (payloads.Pick, payloads.Tile, payloads.Painted, payloads.Choice):
        with contextlib.suppress(RequestError):
            payloads.check_payload(model, event.get("event_data"))
    values = event.get("data")
    for function in gate.page.fns.values():
        for component in function.inputs:
            for value in values if isinstance(values, list) else [values]:
                with contextlib.suppress(RequestError):
                    payloads.check_value(component, value)


def versions(folder: Path) -> list[Input]:
    """A version's two files."""
    place = folder / "versions" / "tiny"
    weights.save_version(AutoFocusNet(TINY).eval(), place, {"name": "tiny", "quality": {"x": 1.0}})
    whole = {name: (place / name).read_bytes() for name in (CONFIG, WEIGHTS)}

    def read(name: str) -> Read:
        def read_one(data: bytes) -> None:
            (place / name).write_bytes(data)
            try:
                load(place)
            finally:
                (place / name).write_bytes(whole[name])

        return read_one

    head = int.from_bytes(whole[WEIGHTS][:8], "little") + 8
    return [
        *[Input(CONFIG, whole[CONFIG], (read(CONFIG),))] * 2,
        Input(WEIGHTS, whole[WEIGHTS], (read(WEIGHTS),)),
        Input("header", whole[WEIGHTS][: head + 99], (read(WEIGHTS),)),
    ]


def load(place: Path) -> None:
    """Listed, and then loaded with the hash that the file now has."""
    catalog.check_file(catalog.read_or_explain("tiny", place, "folder"))
    version = catalog.read_version(place)
    weights.load_network(replace(version, sha256=weights.file_hash(place / WEIGHTS)))
