"""What Pillow does not say of a PNG: its bits, its cICP chunk; and chunks to put into one."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = 33  # of the signature and IHDR
OUR_DEPTH = (b"tEXt", b"Depth\0relative, nearest 65535")  # marks a map that is read to the letter
BITS = 24  # where the header says how many bits a channel has


def bits(data: bytes) -> int:
    """Bits a channel."""
    return data[BITS]


def cicp(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer of a cICP chunk."""
    for kind, content in chunks(data):
        if kind == b"cICP" and len(content) == 4:
            return content[0], content[1]
    return None


def is_our_depth(data: bytes) -> bool:
    """Whether a PNG is a depth map that this program wrote."""
    return data.startswith(SIGNATURE) and OUR_DEPTH in chunks(data)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each chunk before the pixels."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if kind == b"IDAT":
            return
        yield kind, data[at + 8 : at + 8 + length]
        at += length + 12


def with_chunks(data: bytes, added: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG with these chunks after its header."""
    parts = (chunk(kind, content) for kind, content in added)
    return data[:HEADER_END] + b"".join(parts) + data[HEADER_END:]


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk, with its length and checksum."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
