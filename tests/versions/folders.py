"""Folders of versions that a test may change."""

import json
import shutil


def copy_of(version, folder, **fields):
    """A copy of a version in a folder, its config with other fields."""
    shutil.copytree(version.folder, folder)
    change_config(folder, **fields)
    return folder


def change_config(folder, **fields):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}), encoding="utf-8")
