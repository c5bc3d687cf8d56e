"""Pictures and files that the tests make for themselves."""

import base64
import io
import struct

import numpy as np
import tifffile
from PIL import Image

XMP_OPENING = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
XMP_CLOSING = "</rdf:RDF></x:xmpmeta>"


def colours(height=48, width=64):
    """H×W×3 float32 in [0.05, 0.95], smooth and colourful, and another at each corner."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    waves = np.stack([rows, columns, 1 - (rows + columns) / 2], axis=2)
    return (0.05 + 0.9 * waves).astype(np.float32)


def ramp(height=48, width=64):
    """A depth map H×W in [0, 1] of a scene: near below, with a near post on the right."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    depth = 0.7 * rows + 0.1 * np.sin(6 * columns)
    depth[height // 3 :, 3 * width // 4 :] += 0.3
    return ((depth - depth.min()) / np.ptp(depth)).astype(np.float32)


def levels(pixels):
    """[0, 1] → uint8."""
    return (pixels * 255 + 0.5).astype(np.uint8)


def words(pixels):
    """[0, 1] → uint16."""
    return (np.asarray(pixels, np.float64) * 65535 + 0.5).astype(np.uint16)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(values, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, values, **{"metadata": None} | options)
    return file.getvalue()


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(jpeg, *segments):
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def xmp_segment(text):
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode())


def extended_segments(text, guid=b"0" * 32, size=500):
    """Extended XMP in parts, the last one first."""
    data = text.encode()
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">I", len(data))
    parts = [
        segment(0xE1, head + struct.pack(">I", at) + data[at : at + size])
        for at in range(0, len(data), size)
    ]
    return parts[::-1]


def gdepth(depth, **facts):
    """GDepth's attributes for a map whose near is 0, as its format wants it."""
    image = base64.b64encode(saved(Image.fromarray(levels(1 - depth)), "PNG")).decode()
    facts = {"Format": "RangeInverse", "Near": "1", "Far": "10", "Mime": "image/png"} | facts
    return facts, image


def gdepth_description(facts):
    said = " ".join(f'GDepth:{name}="{value}"' for name, value in facts.items())
    space = 'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/"'
    return f'{XMP_OPENING}<rdf:Description rdf:about="" {space} {said}/>{XMP_CLOSING}'


def multi_picture(first, second, kind=0):
    """Two JPEGs in one file with an MPF index; `kind` is the second's type (0 undefined)."""

    def index(size, offset):
        header = b"II*\0" + struct.pack("<I", 8)
        entries = struct.pack("<IIIHH", 0x030000, size, 0, 0, 0)
        entries += struct.pack("<IIIHH", kind, len(second), offset, 0, 0)
        fields = struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
        fields += struct.pack("<HHII", 0xB001, 4, 1, 2)
        fields += struct.pack("<HHII", 0xB002, 7, len(entries), 8 + 2 + 36 + 4)
        return segment(0xE2, b"MPF\0" + header + struct.pack("<H", 3) + fields + bytes(4) + entries)

    room = len(index(0, 0))
    size = len(first) + room
    start_of_index = 2 + 4 + 4  # SOI, marker and length, "MPF\0"
    return with_segments(first, index(size, size - start_of_index)) + second


def raw_file(preview=None, sensor=(600, 400), **tags):
    """A DNG-like TIFF: a 64-pixel thumbnail first, the sensor's data inside, a JPEG behind."""
    width, height = sensor
    thumbnail = levels(colours(48, 64))
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        extra = [(50706, 1, 4, (1, 4, 0, 0), True), (271, 2, 6, "Maker", True)]
        extra += [(tag, 3, 1, value, True) for tag, value in tags.get("short", {}).items()]
        writer.write(thumbnail, photometric="rgb", subfiletype=1, subifds=1, extratags=extra)
        mosaic = np.random.default_rng(0).integers(0, 4000, (height, width), np.uint16)
        writer.write(mosaic, photometric=32803, subfiletype=0, metadata=None)
    return file.getvalue() + (preview or b"")
