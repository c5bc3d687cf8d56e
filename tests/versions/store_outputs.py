"""What the bundled versions make of one photo, kept small, for `test_stored_outputs.py`.

After weights have been replaced: `python -m tests.versions.store_outputs`.
"""

from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from autofocus.photo import resize
from autofocus.predict import Prediction, predict
from autofocus.versions import catalog
from autofocus.versions.weights import load_network

STORED = Path(__file__).parent / "stored"
SIZE = 24, 32  # height and width of what is kept
MAPS = "depth", "saliency"


def bundled_versions() -> list[catalog.Version]:
    """The versions that the package brings."""
    configs = sorted(catalog.BUNDLED.glob("*/config.json"))
    return [catalog.read_version(config.parent) for config in configs]


def outputs_of(version: catalog.Version) -> Prediction:
    """A version's maps (24×32 float32 in [0, 1]) of an astronaut."""
    photo = skimage.data.astronaut()[:384].astype(np.float32) / 255
    prediction = predict(load_network(version), photo)
    return Prediction(*(resize(getattr(prediction, name), SIZE) for name in MAPS))


def stored_file(version: catalog.Version, name: str) -> Path:
    """Where a version's map of this name is kept, in 8 bits."""
    return STORED / f"{version.name}.{name}.png"


def store() -> None:
    """Keep the maps of all bundled versions, and of no others."""
    STORED.mkdir(exist_ok=True)
    for file in STORED.glob("*.png"):
        file.unlink()
    for version in bundled_versions():
        prediction = outputs_of(version)
        for name in MAPS:
            values = np.uint8(np.round(255 * getattr(prediction, name).clip(0, 1)))
            Image.fromarray(values).save(stored_file(version, name))


if __name__ == "__main__":
    store()
