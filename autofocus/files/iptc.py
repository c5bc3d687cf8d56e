"""IPTC-IIM, the older captions of press photos: the data sets that a new file may repeat."""

import struct
from collections.abc import Iterator

KEPT = {
    5: "title",
    10: "urgency",
    15: "category",
    20: "supplemental categories",
    25: "keywords",
    40: "instructions",
    55: "date created",
    60: "time created",
    80: "byline",
    85: "byline title",
    103: "job",
    105: "headline",
    110: "credit",
    115: "source",
    116: "copyright",
    120: "caption",
    122: "caption writer",
}
PLACES = {
    26: "content location code",
    27: "content location",
    90: "city",
    92: "sublocation",
    95: "state",
    100: "country code",
    101: "country",
}
TEXTS = {  # what they are called in XMP
    5: "dc:title",
    25: "dc:subject",
    80: "dc:creator",
    105: "photoshop:Headline",
    110: "photoshop:Credit",
    115: "photoshop:Source",
    116: "dc:rights",
    120: "dc:description",
}
MARK, APPLICATION, ENVELOPE, CHARACTERS = 0x1C, 2, 1, 90
UTF8 = b"\x1b%G"
SEPARATOR = "\n"  # between values of one name
HEADER = b"Photoshop 3.0\x008BIM\x04\x04\0\0"


def data_sets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, number and value of each data set, up to the first that is damaged."""
    at = 0
    while at + 5 <= len(data) and data[at] == MARK:
        record, number, length = struct.unpack_from(">BBH", data, at + 1)
        value = data[at + 5 : at + 5 + length]
        if length > 0x7FFF or len(value) < length:
            return
        yield record, number, value
        at += 5 + length


def keep(data: bytes | None, *, keep_location: bool) -> bytes | None:
    """The data sets that may be repeated; None if there is none."""
    allowed = KEPT.keys() | (PLACES.keys() if keep_location else set())
    kept = []
    for record, number, value in data_sets(data or b""):
        if (record, number) == (ENVELOPE, CHARACTERS):
            kept.append(data_set(record, number, value))
        if record == APPLICATION and number in allowed:
            kept.append(data_set(record, number, value))
    return b"".join(kept) if any(part[1] == APPLICATION for part in kept) else None


def data_set(record: int, number: int, value: bytes) -> bytes:
    """One data set."""
    return struct.pack(">BBBH", MARK, record, number, len(value)) + value


def as_texts(data: bytes | None) -> dict[str, str]:
    """What XMP can say as well, for files that have no place for IPTC-IIM."""
    texts: dict[str, str] = {}
    sets = list(data_sets(data or b""))
    utf8 = (ENVELOPE, CHARACTERS, UTF8) in sets
    for record, number, value in sets:
        if record == APPLICATION and number in TEXTS:
            text = value.decode("utf-8" if utf8 else "latin-1", "replace")
            name = TEXTS[number]
            texts[name] = texts[name] + SEPARATOR + text if name in texts else text
    return texts


def photoshop_segment(data: bytes) -> bytes:
    """A JPEG's APP13 segment that holds these data sets; empty if they are too many."""
    body = HEADER + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    if len(body) > 65_533:
        return b""
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
