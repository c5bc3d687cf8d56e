"""What Pillow does not say of a JPEG: XMP that goes on in further segments, images behind it."""

import struct
from collections.abc import Iterator

XMP, EXTENDED = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
EXTENDED_HEADER = 40  # a GUID of 32 letters, the whole length, this part's offset
MPF = b"MPF\0"
APP1, APP2, SCAN = 0xE1, 0xE2, 0xDA


def is_jpeg(data: bytes) -> bool:
    """Whether a file begins as a JPEG does."""
    return data[:3] == b"\xff\xd8\xff"


def segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, place and content of each segment before the pixels."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == SCAN or length < 2:
            return
        yield marker, at + 4, data[at + 4 : at + 2 + length]
        at += 2 + length


def xmp_packets(data: bytes) -> list[bytes]:
    """The XMP packet, and the extended one put together from its parts."""
    whole, parts = [], {}
    for marker, _, content in segments(data):
        if marker == APP1 and content.startswith(XMP):
            whole.append(content.removeprefix(XMP))
        if marker == APP1 and content.startswith(EXTENDED):
            body = content.removeprefix(EXTENDED)
            if len(body) > EXTENDED_HEADER:
                (offset,) = struct.unpack_from(">I", body, 36)
                parts.setdefault(body[:32], {})[offset] = body[EXTENDED_HEADER:]
    extended = (b"".join(part for _, part in sorted(found.items())) for found in parts.values())
    return [*whole, *extended]


def further_images(data: bytes, entries: list[dict]) -> list[bytes]:
    """The images behind the first, by the entries of a multi-picture format's index."""
    start = next((at for _, at, content in segments(data) if content.startswith(MPF)), None)
    if start is None:
        return []
    places = [(start + len(MPF) + entry["DataOffset"], entry["Size"]) for entry in entries[1:]]
    return [data[at : at + size] for at, size in places]
