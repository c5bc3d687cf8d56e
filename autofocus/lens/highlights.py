"""How bright clipped highlights really were: what turns points of light into discs.

A highlight of light L before surroundings b covers the pixels of its rim by fractions that are
spread evenly over 0..1, and a pixel clips from the fraction u = (1 − b) / (L − b) on. So the
brighter a highlight, the fewer pixels of its rim lie between surroundings and white, in each
channel by itself: their summed excess over the surroundings, divided by the number of rim pixels,
measures u, and with it light and colour. Small highlights in dark surroundings are expected to be
light sources, large or pale ones walls and windows.

All sums over a region are taken band by band of rows, so that a large photo needs little memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

CLIPPED = 0.965  # linear light from which a pixel may have been brighter (251 of 255)
RIM = 1.6  # pixels around a clipped region in which it still mixes with its surroundings
AROUND = 5.0  # pixels up to which the surroundings are looked at
SOURCE, WALL = 24.0, 1.3  # expected light of a small source; of a large pale surface; white is 1
SOURCE_SIZE = 0.010  # of the diagonal: the radius at which the expectation is half way
EVIDENCE = 0.5  # weight of what the rim says of the light, in logarithms, against the expectation
COLOURLESS = 0.3  # summed light of rim pixels that the assumption of a colourless source counts for
TEXTURE = 0.12  # excess over the surroundings that says nothing
RIM_COVERAGE = 0.5  # mean coverage of the outermost clipped pixels
BRIGHTEST = 40.0
LEAST = 0.01  # of the fraction at which a pixel clips
BAND_PIXELS = 1_000_000
MARGIN = 9  # rows around a band that its sums depend on
PAIRS = ((0, 1), (1, 2), (2, 0))  # of channels

LightOf = Callable[[int, int], np.ndarray]
Tally = dict[str, np.ndarray]


@dataclass(frozen=True)
class Highlights:
    """The clipped regions of a photo.

    `labels`: H×W, 0 where nothing is clipped, else the number of the region; `light` and `around`:
    N×3, the estimated linear light of region n and of its surroundings, in row n − 1.
    """

    labels: np.ndarray
    light: np.ndarray
    around: np.ndarray

    def expand(
        self, light: np.ndarray, strength: float, part: tuple[slice, slice] = (slice(None),) * 2
    ) -> np.ndarray:
        """Linear light (h×w×3, a part of the photo) with its clipped pixels made brighter.

        light + strength · (estimate − light), never darker than the photo.
        """
        labels = self.labels[part]
        clipped = labels > 0
        if strength <= 0 or not clipped.any():
            return light
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        core = cv2.erode(np.uint8(clipped), cross, borderValue=1) > 0
        own, region = light[clipped], labels[clipped] - 1
        lit = relight(own, self.light[region], self.around[region], core[clipped])
        result = light.copy()
        result[clipped] = own + strength * np.maximum(lit - own, 0)
        return result


def expand_highlights(light: np.ndarray, strength: float) -> np.ndarray:
    """H×W×3 linear light with clipped regions as bright as estimated; `strength` 0 changes nothing.

    The result is light + strength · (estimate − light), never darker than the photo.
    """
    highlights = find_highlights(lambda top, bottom: light[top:bottom], light.shape[:2])
    return highlights.expand(light, strength) if highlights else light


def find_highlights(light_of: LightOf, size: tuple[int, int]) -> Highlights | None:
    """The clipped regions of a photo of some height and width; None if there is none.

    `light_of`: from the first row and the one after the last to their linear light, h×width×3.
    """
    labels, count = label_clipped(light_of, size)
    if not count:
        return None
    tally: Tally = {}
    for top, bottom in bands(size):
        first, last = max(0, top - MARGIN), min(size[0], bottom + MARGIN)
        if labels[first:last].any():
            inner = slice(top - first, bottom - first)
            measured = measure(light_of(first, last), labels[first:last], inner, count)
            tally = {name: tally.get(name, 0) + sums for name, sums in measured.items()}
    return Highlights(labels, *estimate(tally, float(np.hypot(*size))))


def bands(size: tuple[int, int], multiple: int = 1) -> Iterator[tuple[int, int]]:
    """The first row of each band, and the one after its last; a multiple of some number of rows."""
    rows = max(1, BAND_PIXELS // size[1] // multiple) * multiple
    for top in range(0, size[0], rows):
        yield top, min(size[0], top + rows)


def label_clipped(light_of: LightOf, size: tuple[int, int]) -> tuple[np.ndarray, int]:
    """H×W region numbers from 1 (0: not clipped), in the smallest type, and how many there are."""
    clipped = np.empty(size, np.uint8)
    for top, bottom in bands(size):
        clipped[top:bottom] = (light_of(top, bottom) >= CLIPPED).any(axis=2)
    if not clipped.any():
        return clipped, 0
    count, labels = cv2.connectedComponents(clipped)
    return labels.astype(np.min_scalar_type(count)), count - 1


def measure(light: np.ndarray, labels: np.ndarray, inner: slice, count: int) -> Tally:
    """Sums over the pixels in and around each region, of the `inner` rows of one band."""
    distance, region = nearest_region(labels)
    near = np.zeros(labels.shape, bool)
    near[inner] = distance[inner] <= AROUND
    local = surroundings(light, distance, near)
    distance, region, own = distance[near], region[near] - 1, light[near]
    unclipped = own < CLIPPED
    outside = unclipped & (distance > RIM)[:, None]
    mixed = unclipped & (distance <= RIM)[:, None]
    excess = own - local
    relative = excess / (1 - local) - TEXTURE
    columns = {
        "area": distance == 0,
        "rim": (distance > 0) & (distance < RIM),
        "outside": outside,
        "outside_light": own * outside,
        "excess": np.where(mixed, relative.clip(0, 1), 0),
    }
    for i, j in PAIRS:
        both = (mixed[:, i] & mixed[:, j])[:, None]
        columns[f"pair{i}{j}"] = np.where(both, excess[:, [i, j]].clip(0), 0)
    return {name: sum_by(region, values, count) for name, values in columns.items()}


def nearest_region(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H×W: pixels to the nearest clipped pixel (0 inside), and the number of its region."""
    clipped = labels > 0
    distance, nearest = cv2.distanceTransformWithLabels(
        np.uint8(~clipped), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    region_of = np.zeros(int(nearest.max()) + 1, np.int64)
    region_of[nearest[clipped]] = labels[clipped]
    return distance, region_of[nearest]


def surroundings(light: np.ndarray, distance: np.ndarray, near: np.ndarray) -> np.ndarray:
    """M×3: the mean light of what is about 2 to 4 pixels away from clipped pixels, near each.

    `near`: H×W, the M pixels that are asked for.
    """
    outside = np.float32((distance > RIM) & (distance < AROUND))
    count = cv2.blur(outside, (7, 7))[near][:, None]
    total = cv2.blur(light * outside[..., None], (7, 7))[near]
    return np.where(count > 1e-4, total / np.maximum(count, 1e-4), 0.5).clip(0, 0.9)


def sum_by(region: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """M×C values (or M) summed over the places of each region, N×C (or N)."""
    if values.ndim == 1:
        return np.bincount(region, values, count)
    return np.stack([np.bincount(region, column, count) for column in values.T], axis=1)


def estimate(tally: Tally, diagonal: float) -> tuple[np.ndarray, np.ndarray]:
    """Linear light of each region and of its surroundings, both N×3."""
    around = tally["outside_light"] / np.maximum(tally["outside"], 1)
    around = np.where(tally["outside"] > 0, around, 0.5).clip(0, 0.9)
    measured = measured_clipping(tally)
    level = measured.mean(axis=1, keepdims=True)
    expected = expected_clipping(np.sqrt(tally["area"] / np.pi) / diagonal, around.mean(axis=1))
    tint = 0.5 * (level - measured) + hue(tally)
    clipping = EVIDENCE * level + (1 - EVIDENCE) * expected[:, None] - tint
    light = around + (1 - around) * np.exp(-clipping)
    return light.clip(1, BRIGHTEST), around


def measured_clipping(tally: Tally) -> np.ndarray:
    """Logarithm of the coverage from which each region's rim clips, N×3, by its rim's excess."""
    length = np.maximum(tally["rim"], 1)[:, None]
    return np.log(((2 * tally["excess"] + 0.5) / (length + 1)).clip(LEAST, 1))


def expected_clipping(radius: np.ndarray, around: np.ndarray) -> np.ndarray:
    """The same as expected, N, by the region's radius over the diagonal and its surroundings."""
    small = 1 / (1 + (radius / SOURCE_SIZE) ** 3)
    light = WALL + SOURCE * small * (1 - around)
    return np.log(((1 - around) / np.maximum(light - around, 0.1)).clip(LEAST, 1))


def hue(tally: Tally) -> np.ndarray:
    """Log of each region's colour, N×3 of mean 0, by rim pixels unclipped in two channels.

    Such a pixel's excess over the surroundings is the highlight's, times a coverage common to both.
    """
    ratio = np.zeros((len(tally["area"]), 3))
    for i, j in PAIRS:
        sums = tally[f"pair{i}{j}"]
        log = np.log((sums[:, 0] + COLOURLESS) / (sums[:, 1] + COLOURLESS))
        ratio[:, i] += log / 3
        ratio[:, j] -= log / 3
    return ratio


def relight(
    own: np.ndarray, highlight: np.ndarray, around: np.ndarray, is_core: np.ndarray
) -> np.ndarray:
    """M×3 clipped pixels with their clipped channels replaced.

    A channel that is not clipped tells how much of a pixel the highlight covers; without one, the
    outermost clipped pixels are taken as covered by half.
    """
    clipped = own >= CLIPPED
    seen = ((own - around) / np.maximum(highlight - around, 1e-3)).clip(0, 1)
    weight = np.where(clipped, 0, np.maximum(highlight - around, 0) + 1e-6)
    told = (seen * weight).sum(1) / np.maximum(weight.sum(1), 1e-6)
    assumed = np.where(is_core, 1.0, RIM_COVERAGE)
    coverage = np.where(clipped.all(axis=1), assumed, told)[:, None]
    return np.where(clipped, np.maximum(around + coverage * (highlight - around), 1), own)
