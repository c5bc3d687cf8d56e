"""Files that are no photos, made when they are needed, and a word that their sentence holds."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_png(side=20_000):
    """A valid PNG of one colour, far above what may be decoded."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    packer = zlib.compressobj()
    row = bytes(1 + side)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    parts = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def truncated_jpeg():
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG")
    return file.getvalue()[:4000]


def write_bad_files(folder: Path) -> dict[str, str]:
    """Write them; name → a word of the sentence to expect."""
    contents = {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"not a photo at all", "text"),
        "truncated.jpg": (truncated_jpeg(), "damaged"),
        "stub.jpg": (truncated_jpeg()[:30], "damaged JPEG"),
        "cut-letter.jpg": ("ё".encode() * 300, "text"),
        "odd-letter.jpg": (b"a" + "ё".encode() * 300, "text"),
        "bitmap.jpg": (b"BM" + bytes(60), "BMP"),
        "zeros.png": (bytes(5000), "not a photo"),
        "huge.png": (huge_png(), "400 megapixels"),
        "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
        "page.jpg": (b"<!doctype html><html></html>", "web page"),
        "archive.png": (b"PK\x03\x04" + bytes(100), "ZIP"),
        "noise.webp": (bytes(range(128, 256)) * 9, "not a photo"),
    }
    for name, (data, _) in contents.items():
        (folder / name).write_bytes(data)
    return {name: word for name, (_, word) in contents.items()}
