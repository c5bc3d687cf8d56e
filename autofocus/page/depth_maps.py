"""The depth maps of one photo: the network's, the phone's own, the visitor's; one is used.

All are kept as files of the scene at its full size, so that any of them is one click away.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from autofocus.focus import choose_focus
from autofocus.page.limits import limits
from autofocus.page.session import NETWORK, PHONE, Scene, depth_file, write_map
from autofocus.photo import fit, preview, read_depth, runs_against, to_words

CUSTOM = "custom"
SOURCES = {NETWORK: "Network", PHONE: "The photo’s own", CUSTOM: "Custom map"}

PHONE_HAS_DEPTH = "This photo carries its camera’s own depth."
RUNS_AGAINST = "It runs against the network’s depth: try Invert if near and far look swapped."


def keep_depth(scene: Scene, source: str, depth: np.ndarray) -> None:
    """Keep a map (any size of the photo's aspect, in [0, 1], 1 nearest) as one of the scene's.

    Raises:
        DepthMapError: its aspect is not the photo's.

    """
    write_map(depth_file(scene.folder, source), to_words(fit(depth, scene.size)))


def keep_custom(scene: Scene, file: str | Path, *, invert: bool = False) -> str:
    """Keep a grey map of the visitor's (nearest brightest, unless `invert`) as one of the scene's.

    Returns:
        What there is to say of how the map was read.

    Raises:
        PhotoError: the map cannot be read.
        DepthMapError: its aspect is not the photo's.

    """
    custom = read_depth(file, invert=invert, max_megapixels=limits().megapixels)
    keep_depth(scene, CUSTOM, custom.depth)
    return custom.note


def use_depth(scene: Scene, source: str) -> Scene:
    """The scene by another of its maps, with the default focus that follows from it."""
    scene = replace(scene, depth_source=source)
    depth = scene.full_depth()
    return replace(scene, depth=preview(depth), focus=choose_focus(depth, scene.full_saliency()))


def choices(scene: Scene) -> list[tuple[str, str]]:
    """Labels and names of the maps that the scene has."""
    return [
        (label, source)
        for source, label in SOURCES.items()
        if depth_file(scene.folder, source).exists()
    ]


def opposes_network(scene: Scene, source: str) -> bool:
    """Whether a map of the scene has near and far the other way round than the network's."""
    mine, network = (replace(scene, depth_source=name).full_depth() for name in (source, NETWORK))
    return runs_against(mine, network)
