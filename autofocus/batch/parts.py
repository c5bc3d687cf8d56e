"""Outputs as Parquet: a row a photo, its maps as the bytes of their files, its facts as columns.

A part is one file, written whole or not at all and called by what it holds, so that the same photos
make the same part again.
"""

import hashlib
import io
import json
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from autofocus.batch.outputs import DEPTH, FACTS, MAPS, SALIENCY
from autofocus.batch.places import Place

SCHEMA = pa.schema(
    [
        ("path", pa.string()),  # of the photo, relative to the input
        ("depth", pa.binary()),  # 16-bit grey PNG
        ("saliency", pa.binary()),  # 8-bit grey PNG
        ("refocused", pa.binary()),  # as the photo, or JPEG; null if it was not asked for
        ("focus", pa.float64()),
        ("range", pa.float64()),
        ("reason", pa.string()),
        ("salient_pixels", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("version", pa.string()),
        ("seconds", pa.float64()),
    ]
)


def part_name(keys: Iterable[str]) -> str:
    """What the part of these photos is called."""
    digest = hashlib.sha256("\n".join(keys).encode("utf-8", "surrogateescape")).hexdigest()
    return f"part-{digest[:24]}.parquet"


def to_row(key: str, files: dict[str, bytes]) -> dict:
    """A photo's files, by suffix → its row."""
    refocused = [data for suffix, data in files.items() if suffix not in MAPS]
    return {
        "path": key,
        "depth": files[DEPTH],
        "saliency": files[SALIENCY],
        "refocused": refocused[0] if refocused else None,
        **json.loads(files[FACTS]),
    }


def write_part(place: Place, name: str, rows: list[dict]) -> None:
    """Write the rows of some photos."""
    file = io.BytesIO()
    # What is inside is compressed already.
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file, compression="none")
    place.write(name, file.getvalue())


def find_written(place: Place) -> set[str]:
    """The photos that are in a part; parts that are not whole are deleted."""
    written = set()
    for name in place.sizes():
        if name.startswith("part-") and name.endswith(".parquet"):
            written.update(read_paths(place, name))
    return written


def read_paths(place: Place, name: str) -> list[str]:
    """The photos of one part; none of a missing or a broken one, which would break every reader."""
    if not place.exists(name):
        return []
    try:
        with place.system.open_input_file(place.path(name)) as file:
            return pq.read_table(file, columns=["path"])["path"].to_pylist()
    except (pa.ArrowInvalid, OSError):
        place.delete(name)
        return []
