"""How bright clipped lights really were: what turns lamps into discs.

A lamp of light L before a background b covers its rim pixels by shares that are spread evenly over
0..1, and a pixel clips from the share u = (1 − b) / (L − b) on. So the brighter a lamp, the fewer
of its rim pixels are between background and white, in each channel by itself: their summed excess
over the background, against the number of rim pixels, measures u, and with it light and colour.
Small lights in dark surroundings are expected to be lamps, large or pale ones walls and windows.
"""

from dataclasses import dataclass

import cv2
import numpy as np

CLIPPED = 0.965  # linear light from which a pixel may have been brighter (251 of 255)
RIM = 1.6  # pixels around a clipped region in which it still mixes with its surroundings
AROUND = 5.0  # pixels up to which the surroundings are looked at
LAMP, WALL = 24.0, 1.3  # expected light of a small lamp; of a large pale surface, relative to white
LAMP_SIZE = 0.010  # of the diagonal: the radius at which the expectation is half way
EVIDENCE = 0.5  # weight of what the rim says of the light, in logarithms, against the expectation
TRUST_COLOUR = 0.3  # summed light of rim pixels that the guess of a colourless lamp counts for
TEXTURE = 0.12  # excess over the surroundings that says nothing
RIM_SHARE = 0.5  # mean coverage of the outermost clipped pixels
BRIGHTEST = 40.0


@dataclass(frozen=True)
class Regions:
    """Clipped regions 0..N−1, and the pixels in and close to one of them.

    `flat`: M places in the flattened photo; `label`: the region each belongs to; `distance`:
    pixels to it, 0 inside; `count`: N.
    """

    flat: np.ndarray
    label: np.ndarray
    distance: np.ndarray
    count: int

    def sums(self, values: np.ndarray, where: np.ndarray) -> np.ndarray:
        """M (or M×C) values summed over each region's own places, N (or N×C)."""
        labels = self.label[where]
        if values.ndim == 1:
            return np.bincount(labels, values[where], self.count)
        columns = [np.bincount(labels, v, self.count) for v in values[where].T]
        return np.stack(columns, axis=1)


def expand(light: np.ndarray, strength: float) -> np.ndarray:
    """H×W×3 linear light with clipped regions as bright as estimated; `strength` 0 changes nothing.

    The result is light + strength · (estimate − light), never darker than the photo.
    """
    clipped = (light >= CLIPPED).any(axis=2)
    if strength <= 0 or not clipped.any():
        return light
    regions = find_regions(clipped)
    near = light.reshape(-1, 3)[regions.flat]
    local = surroundings(light, regions)
    lamp, around = estimate(near, local, regions, np.hypot(*clipped.shape))
    lit = relight(near, lamp[regions.label], around[regions.label], regions.distance)
    result = light.copy()
    result.reshape(-1, 3)[regions.flat] = near + strength * np.maximum(lit - near, 0)
    return result


def find_regions(clipped: np.ndarray) -> Regions:
    """The connected regions of an H×W mask, with all pixels no farther than `AROUND`."""
    distance, labels = cv2.distanceTransformWithLabels(
        np.uint8(~clipped), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP
    )
    inner = cv2.distanceTransform(cv2.copyMakeBorder(np.uint8(clipped), *[1] * 4, 1), 1, 3)
    distance -= np.where(clipped, inner[1:-1, 1:-1], 0)
    flat = np.flatnonzero(distance <= AROUND)
    return Regions(flat, labels.ravel()[flat] - 1, distance.ravel()[flat], int(labels.max()))


def surroundings(light: np.ndarray, regions: Regions) -> np.ndarray:
    """M×3: the mean of what is about 2 to 4 pixels away from each region, near each place."""
    outside = np.zeros(light.shape[:2], np.float32)
    outside.ravel()[regions.flat] = (regions.distance > RIM) & (regions.distance < AROUND)
    count = cv2.blur(outside, (7, 7)).ravel()[regions.flat, None]
    total = cv2.blur(light * outside[..., None], (7, 7)).reshape(-1, 3)[regions.flat]
    return np.where(count > 1e-4, total / np.maximum(count, 1e-4), 0.5).clip(0, 0.9)


def estimate(
    near: np.ndarray, local: np.ndarray, regions: Regions, diagonal: float
) -> tuple[np.ndarray, np.ndarray]:
    """Light of each region and of its surroundings, both N×3, from its M×3 pixels."""
    outside = (regions.distance > RIM)[:, None] & (near < CLIPPED)
    everywhere = np.ones(len(near), bool)
    count = regions.sums(outside.astype(np.float32), everywhere)
    around = regions.sums(near * outside, everywhere) / np.maximum(count, 1)
    around = np.where(count > 0, around, 0.5).clip(0, 0.9)
    excess = (near - local) / (1 - local) - TEXTURE
    mixed = (near < CLIPPED) & (regions.distance <= RIM)[:, None]
    found = 2 * regions.sums(np.where(mixed, excess.clip(0, 1), 0), everywhere)
    rim = (regions.distance > 0) & (regions.distance < 1.6)
    length = np.maximum(np.bincount(regions.label[rim], minlength=regions.count), 1)[:, None]
    area = np.bincount(regions.label[regions.distance <= 0], minlength=regions.count)
    expected = expectation(np.sqrt(area / np.pi) / diagonal, around.mean(axis=1))
    prior = (1 - around.mean(axis=1)) / np.maximum(expected - around.mean(axis=1), 0.1)
    share = np.log(((found + 0.5) / (length + 1)).clip(0.01, 1))
    mean = share.mean(axis=1, keepdims=True)
    level = EVIDENCE * mean + (1 - EVIDENCE) * np.log(prior.clip(0.01, 1))[:, None]
    tint = 0.5 * (mean - share) + hue(near - local, mixed, regions)
    lamp = around + (1 - around) * np.exp(tint - level)
    return lamp.clip(1, BRIGHTEST), around


def hue(excess: np.ndarray, mixed: np.ndarray, regions: Regions) -> np.ndarray:
    """Log of each region's colour, N×3 of mean 0, by rim pixels unclipped in two channels.

    Such a pixel's excess over the surroundings is the lamp's, times a share common to both.
    """
    ratio = np.zeros((regions.count, 3))
    everywhere = np.ones(len(excess), bool)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        both = (mixed[:, i] & mixed[:, j])[:, None]
        sums = regions.sums(np.where(both, excess[:, [i, j]].clip(0), 0), everywhere)
        log = np.log((sums[:, 0] + TRUST_COLOUR) / (sums[:, 1] + TRUST_COLOUR))
        ratio[:, i] += log / 3
        ratio[:, j] -= log / 3
    return ratio


def expectation(radius: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Expected light by the region's radius over the diagonal and by the surroundings' light."""
    small = 1 / (1 + (radius / LAMP_SIZE) ** 3)
    return WALL + LAMP * small * (1 - around)


def relight(
    near: np.ndarray, lamp: np.ndarray, around: np.ndarray, distance: np.ndarray
) -> np.ndarray:
    """M×3 pixels with their clipped channels replaced.

    A channel that is not clipped tells how much of a rim pixel the lamp covers; without one, the
    outermost clipped pixels are taken as covered by half.
    """
    clipped = near >= CLIPPED
    seen = ((near - around) / np.maximum(lamp - around, 1e-3)).clip(0, 1)
    weight = np.where(clipped, 0, np.maximum(lamp - around, 0) + 1e-6)
    told = (seen * weight).sum(1) / np.maximum(weight.sum(1), 1e-6)
    guessed = np.where(distance > -1.5, RIM_SHARE, 1.0)
    share = np.where(clipped.all(axis=1), guessed, told)[:, None]
    return np.where(clipped, np.maximum(around + share * (lamp - around), 1), near)
