"""A write that fails anywhere leaves the old file whole and nothing beside it."""

import errno
import os
import re
import resource
import stat
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import autofocus
from autofocus.compare.sheet import Sheet, write_sheet
from autofocus.errors import PhotoError
from autofocus.files.atomic import replace_file, write_bytes, write_image
from autofocus.focus_pull import write_frames
from autofocus.photo import read_photo, write_depth, write_photo, write_saliency
from tests.files.pictures import colours, ramp

OLD = b"the old file"


def write_contact_sheet(path):
    sheet = Sheet("title", ["photo"])
    sheet.add("caption", [colours()])
    write_sheet(sheet, path)


WRITERS = {
    "photo.jpg": lambda path: write_photo(colours(), path),
    "photo.png": lambda path: write_photo(colours(), path),
    "photo.webp": lambda path: write_photo(colours(), path),
    "photo.tif": lambda path: write_photo(colours(), path),
    "depth.png": lambda path: write_depth(ramp(), path),
    "saliency.png": lambda path: write_saliency(ramp(), path),
    "sheet.html": write_contact_sheet,
    "sheet.png": write_contact_sheet,
    "image.webp": lambda path: write_image(path, np.uint8(255 * colours())),
    "image.png": lambda path: write_image(path, np.uint16(65535 * ramp())),
    "pull.mp4": lambda path: write_frames(iter([colours(), colours()]), path),
    "pull.gif": lambda path: write_frames(iter([colours(), colours()]), path),
    "pull.webp": lambda path: write_frames(iter([colours(), colours()]), path),
}


@contextmanager
def files_of_at_most(size):
    """No file of this process can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", WRITERS)
def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    size = path.stat().st_size
    path.write_bytes(OLD)
    for part in range(10):
        with files_of_at_most(part * size // 10), pytest.raises(PhotoError, match=name):
            WRITERS[name](path)
        assert path.read_bytes() == OLD
        assert os.listdir(tmp_path) == [name]


# `imwrite` says nothing where a write fails, and `save_file` raises what no border knows.
DIRECTLY = re.compile(r"imwrite\(|save_file\(|(?<!atomic)(?<!temporary)\.write_(text|bytes)\(")


def test_nothing_is_written_in_another_way():
    root = Path(autofocus.__file__).parent
    lines = [(file, line) for file in root.rglob("*.py") for line in file.read_text().splitlines()]
    assert [(file.name, line) for file, line in lines if DIRECTLY.search(line)] == []


def test_every_tenth_byte(tmp_path):
    path = tmp_path / "photo.bin"
    path.write_bytes(OLD)
    for size in range(0, 200, 10):
        with files_of_at_most(size), pytest.raises(PhotoError, match="cannot be written"):
            write_bytes(path, bytes(200))
        assert path.read_bytes() == OLD
    write_bytes(path, bytes(200))
    assert path.read_bytes() == bytes(200)


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PhotoError, match="No space left on device"):
        write_photo(colours(), tmp_path / "photo.jpg")


def test_an_error_in_the_block_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_bytes(OLD)
    with pytest.raises(KeyError), replace_file(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyError
    assert path.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["file.txt"]


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "file.txt", tmp_path / "link.txt"
    path.write_bytes(OLD)
    path.chmod(0o640)
    link.symlink_to(path)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_usual_permissions(tmp_path):
    write_bytes(tmp_path / "new.txt", b"new")
    (tmp_path / "other.txt").write_bytes(b"other")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_pipe_is_written_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["n" * 251 + ".jpg", "ü" * 125 + ".jpg"])
def test_the_longest_names_can_be_written(tmp_path, name):
    write_photo(colours(), tmp_path / name)
    assert read_photo(tmp_path / name).pixels.shape == (48, 64, 3)


@pytest.mark.parametrize("name", ["n" * 300 + ".jpg", "n" * 300 + "/photo.jpg", "a\0b.jpg"])
def test_impossible_names_get_a_sentence(tmp_path, name):
    with pytest.raises(PhotoError, match="cannot be opened"):
        read_photo(tmp_path / name)
    with pytest.raises(PhotoError, match="cannot be written"):
        write_photo(colours(), tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_entered_gets_a_sentence(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(OLD)
    folder.chmod(0)
    with pytest.raises(PhotoError, match="cannot be opened"):
        read_photo(folder / "photo.jpg")
    folder.chmod(0o700)


def test_a_folder_in_the_files_place_gets_a_sentence(tmp_path):
    with pytest.raises(PhotoError, match="cannot be written"):
        write_depth(np.zeros((4, 4), np.float32), tmp_path)
