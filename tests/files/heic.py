"""HEICs with a side picture (a depth map, a matte), which no encoder at hand can write.

Two pictures are encoded into one file, then the boxes are changed to say that the second belongs
to the first: a reference (auxl) and a property (auxC) that names its kind.
"""

import io
import struct

import pillow_heif
from PIL import Image

DEPTH = b"urn:mpeg:hevc:2015:auxid:2"
MATTE = b"urn:com:apple:photo:2018:aux:portraiteffectsmatte"


def box(kind, content):
    return struct.pack(">I", len(content) + 8) + kind + content


def boxes(data):
    at = 0
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def heic_with(photo, side, kind, **options):
    """A photo and its side picture, both Pillow images, as a HEIC's bytes."""
    file = io.BytesIO()
    heif = pillow_heif.from_pillow(photo)
    heif.add_from_pillow(side)
    heif.save(file, quality=90, chroma=444, **options)
    return say_aside(file.getvalue(), kind)


def say_aside(data, kind):
    parts = dict(boxes(data))
    meta = list(boxes(parts[b"meta"][4:]))
    items = item_ids(dict(meta)[b"iinf"])
    first, second = items
    changed = []
    for name, content in meta:
        if name == b"iprp":
            content = with_property(content, second, kind)
        if name != b"iref":
            changed.append((name, content))
    old = dict(meta).get(b"iref", bytes(4))
    link = box(b"auxl", struct.pack(">HHH", second, 1, first))
    changed.append((b"iref", old + link))
    grown = sum(len(c) + 8 for _, c in changed) - sum(len(c) + 8 for _, c in meta)
    changed = [(n, shifted(c, grown) if n == b"iloc" else c) for n, c in changed]
    parts[b"meta"] = bytes(4) + b"".join(box(n, c) for n, c in changed)
    return b"".join(box(n, c) for n, c in parts.items())


def item_ids(iinf):
    """Of the entries that are coded pictures, in order."""
    wide = iinf[0] >= 1
    ids = []
    for kind, entry in boxes(iinf[8 if wide else 6 :]):
        assert kind == b"infe"
        item, _, name = struct.unpack_from(">HH4s", entry, 4)
        if name in (b"hvc1", b"av01"):
            ids.append(item)
    return ids


def with_property(iprp, item, kind):
    ipco, ipma = (dict(boxes(iprp))[name] for name in (b"ipco", b"ipma"))
    ipco += box(b"auxC", bytes(4) + kind + b"\0")
    number = len(list(boxes(ipco)))
    flags = ipma[3]
    assert ipma[0] == 0 and not flags & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at, out = 8, ipma[:8]
    for _ in range(count):
        owner, entries = struct.unpack_from(">HB", ipma, at)
        found = ipma[at + 3 : at + 3 + entries]
        at += 3 + entries
        if owner == item:
            found += bytes([0x80 | number])
        out += struct.pack(">HB", owner, len(found)) + found
    return box(b"ipco", ipco) + box(b"ipma", out)


def shifted(iloc, by):
    """Item locations whose offsets lie so many bytes later."""
    version, sizes = iloc[0], iloc[4]
    offset_size, length_size = sizes >> 4, sizes & 15
    base_size = iloc[5] >> 4
    (count,) = struct.unpack_from(">H", iloc, 6)
    at, out = 8, bytearray(iloc)
    for _ in range(count):
        at += 2 + (2 if version else 0) + 2 + base_size
        (extents,) = struct.unpack_from(">H", iloc, at)
        at += 2
        for _ in range(extents):
            value = int.from_bytes(iloc[at : at + offset_size], "big") + by
            out[at : at + offset_size] = value.to_bytes(offset_size, "big")
            at += offset_size + length_size
    return bytes(out)


if __name__ == "__main__":
    pillow_heif.register_heif_opener()
    made = heic_with(Image.new("RGB", (64, 48), "red"), Image.new("L", (32, 24), 77), DEPTH)
    print(pillow_heif.open_heif(made).info)
