"""The lens: photo, depth, focus and aperture → the photo that a fast lens would have taken.

A point whose inverse depth differs from the focus spreads over a circle of confusion of radius
aperture · diagonal · |depth − focus| pixels (thin lens; exact for inverse depth). All in linear
light: clipped highlights get their brightness back (`lens.highlights`), softened discontinuities in
depth become sharp (`depth_edges`), mixed pixels at edges are separated and what near surfaces hide
is continued from behind (`lens.layers`), both layers are spread plane by plane and put together
(`lens.planes`). `docs/lens.md` has the mathematics and the measurements.

Beside the photo, its depth and the result, only tiles of the photo are ever in memory.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import KW_ONLY, dataclass
from threading import Event
from typing import TypeVar

import cv2
import numpy as np
import torch

from autofocus.depth_edges import ROUNDS, sharpen, window_radius
from autofocus.lens.aperture import Aperture, cats_eye_shift
from autofocus.lens.highlights import Highlights, bands, find_highlights
from autofocus.lens.layers import WHOLE, Backdrop, find_backdrop, split
from autofocus.lens.planes import GAP, SHARP, TILE, assign_circles, composite, tile_side
from autofocus.lens.srgb import encode_srgb, to_linear

APERTURE_AT_F1 = 0.05  # circle radius over diagonal at f/1, for a depth difference of 1
LARGEST_CIRCLE = 0.25  # of the diagonal: what a larger aperture counts as
WIDEST_DIAGONAL = 2.5  # squared diagonal over the area, at 2:1
PUSH = 0.5  # of depth: how far a correction of -1 pushes
BLOCK = 640  # pixels, the least side of what is rendered at once on a CPU: bounds the memory
GPU_TILE = 2560  # pixels, the side of a tile on a GPU
CATS_EYE_STEP = 0.15  # radii by which the cat's eye may change from one corner of a tile to another
MOST_THREADS = 8  # each holds a block
POLL = 0.1  # seconds between two questions whether to stop

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]
Array = TypeVar("Array", np.ndarray, torch.Tensor)
Span = tuple[int, int]  # first, and one after the last


class RenderCancelled(Exception):  # noqa: N818
    """The caller asked to stop."""


@dataclass(frozen=True)
class Lens:
    """How a photo is photographed again; the one home of every default.

    Raises:
        ValueError: a value is out of its range.

    """

    focus: float = 0.5  # the depth that is sharp, in [0, 1], 1 nearest
    _: KW_ONLY
    focus_range: float = 0.0  # full width of the band of depth around the focus that is sharp
    f_stop: float = 2.0  # above 0; infinity is a pinhole
    blades: int = 0  # sides of the aperture, at least 3; 0 is round
    rotation: float = 0.0  # degrees, counter-clockwise, of one corner from the image's right
    highlights: float = 1.0  # how far clipped highlights are expanded: 0 not at all, 1 as estimated
    cats_eye: float = 0.0  # how far the aperture is cut towards the corners, in [0, 1]
    spherical: float = 0.0  # in [-1, 1]: -1 bright rims (soap bubbles), 1 bright centres (creamy)

    def __post_init__(self) -> None:
        for name in ("focus", "rotation", "highlights"):
            require(math.isfinite(getattr(self, name)), f"{name} must be finite", self, name)
        require(
            0 <= self.focus_range < math.inf, "focus_range must be 0 or more", self, "focus_range"
        )
        require(self.f_stop > 0, "an f-stop is a positive number such as 1.4", self, "f_stop")
        blades = self.blades == 0 or self.blades >= 3
        require(blades, "an aperture has 0 (round) or at least 3 blades", self, "blades")
        require(0 <= self.cats_eye <= 1, "cats_eye must lie in 0..1", self, "cats_eye")
        require(-1 <= self.spherical <= 1, "spherical must lie in -1..1", self, "spherical")

    @property
    def aperture(self) -> float:
        """Radius of the circle of confusion over the diagonal, for a depth difference of 1.

        f/1.4 → 0.036, f/16 → 0.003.
        """
        return APERTURE_AT_F1 / self.f_stop

    def defocus(self, depth: Array) -> Array:
        """Signed distance of each depth from the sharp band: 0 inside, positive nearer."""
        offset = depth - self.focus
        return offset - offset.clip(-self.focus_range / 2, self.focus_range / 2)


def require(holds: bool, rule: str, lens: Lens, name: str) -> None:
    """ValueError with the rule and the value that breaks it."""
    if not holds:
        raise ValueError(f"{rule}, not {getattr(lens, name)}")


def f_stop_of(aperture: float) -> float:
    """The f-number of an aperture (see `Lens.aperture`); 0 is a pinhole, infinity.

    Raises ValueError if it is negative.
    """
    if not aperture >= 0:
        raise ValueError(f"aperture {aperture} must not be negative")
    return APERTURE_AT_F1 / aperture if aperture else math.inf


def render(
    photo: np.ndarray,
    depth: np.ndarray,
    lens: Lens,
    *,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> np.ndarray:
    """Photograph a scene again with a wide aperture.

    Args:
        photo: H×W×3 float32 in [0, 1], sRGB-encoded.
        depth: H×W in [0, 1], 1 nearest, linear in inverse distance.
        lens: where it is focused, and how it blurs.
        device: where to compute; the result is the same on every one.
        progress: called with the fraction that is done.
        cancelled: asked every tenth of a second; `RenderCancelled` is raised when it says so.

    Returns:
        H×W×3 float32 in [0, 1].

    Raises:
        ValueError: the photo's and the depth's sizes differ, or the depth is not finite.

    """
    check(photo, depth)
    farthest = largest_defocus(depth, lens)
    aperture = min(lens.aperture, LARGEST_CIRCLE / max(farthest, 1e-6))
    scale = circle_scale(depth.shape, aperture)
    if scale * farthest <= SHARP:
        return np.array(photo, np.float32)
    stop = Event()
    job = prepare(photo, depth, lens, scale, torch.device(device), stop, cancelled)
    result = np.empty(photo.shape, np.float32)
    for block, pixels in in_threads(job, stop, progress, cancelled):
        result[block] = pixels
    return result


def largest_defocus(depth: np.ndarray, lens: Lens) -> float:
    """How far from what is sharp the farthest of some depths lies, at least 0."""
    ends = np.float32([depth.min(), depth.max()])
    return float(np.abs(lens.defocus(ends)).max())


@dataclass(frozen=True)
class Job:
    """One photo to render, and what is known of it as a whole.

    `highlights` and `backdrop` may be None; `stop` is set when the work is to end.
    """

    photo: np.ndarray
    depth: np.ndarray
    lens: Lens
    scale: float  # pixels of radius for a defocus of 1
    largest: float  # radius in pixels
    device: torch.device
    stop: Event
    highlights: Highlights | None
    backdrop: Backdrop | None

    def check_stop(self) -> None:
        """RenderCancelled if the work is to end."""
        if self.stop.is_set():
            raise RenderCancelled

    def blocks(self) -> list[tuple[slice, slice]]:
        """What is rendered at once: rows and columns, no larger than the photo."""
        side = math.ceil(BLOCK / self.tile) * self.tile
        rows, columns = (
            [slice(k, min(n, k + side)) for k in range(0, n, side)] for n in self.depth.shape
        )
        return [(r, c) for r in rows for c in columns]

    @property
    def tile(self) -> int:
        """The side of the tiles that blocks are made of."""
        wanted = TILE if self.device.type == "cpu" else GPU_TILE
        if not self.lens.cats_eye:
            return tile_side(self.largest, wanted)
        between = CATS_EYE_STEP * math.hypot(*self.depth.shape) / 2 / self.lens.cats_eye
        return tile_side(self.largest, wanted, most=between)

    def area_around(self, block: tuple[slice, slice]) -> tuple[slice, slice]:
        """What a block's result depends on: light from there, and what its layers are made of."""
        beyond = ROUNDS * window_radius(min(self.depth.shape)) + 2**WHOLE + 8
        widest = self.grow(block, self.largest + beyond)
        largest = self.scale * largest_defocus(self.depth[widest], self.lens)
        return self.grow(block, largest + beyond)

    def grow(self, block: tuple[slice, slice], margin: float) -> tuple[slice, slice]:
        """A block with a margin, within the photo; it begins at whole cells of the backdrop."""
        cell = 2**WHOLE
        rows, columns = (
            slice(
                max(0, int(part.start - margin) // cell * cell), min(n, int(part.stop + margin) + 1)
            )
            for part, n in zip(block, self.depth.shape, strict=True)
        )
        return rows, columns

    def aperture_at(self, row: int, column: int) -> Aperture:
        """The aperture at a place of the photo, which a cat's eye changes towards the corners."""
        lens = self.lens
        shift = cats_eye_shift((row, column), self.depth.shape, lens.cats_eye)
        return Aperture(lens.blades, lens.rotation, lens.spherical, shift)

    def render(self, block: tuple[slice, slice]) -> np.ndarray:
        """H×W×3 of a block, sRGB-encoded."""
        self.check_stop()
        area = self.area_around(block)
        light = linear_light(self.photo[area])
        if self.highlights:
            light = self.highlights.expand(light, self.lens.highlights, area)
        light, depth = on_device(light, self.depth[area], self.device)
        depth = sharpen(depth, window_radius(min(self.depth.shape)))
        self.check_stop()
        start = (area[0].start, area[1].start)
        backdrop = self.backdrop and self.backdrop.at(*start)
        layered = split(light, depth, self.scale, backdrop)
        sheets = assign_circles(layered, self.lens.defocus, self.scale)
        del light, depth, layered
        rows, columns = (
            (part.start - first, part.stop - first)
            for part, first in zip(block, start, strict=True)
        )
        rendered, untouched = composite(
            sheets,
            rows,
            columns,
            lambda row, column: self.aperture_at(row + start[0], column + start[1]),
            self.scale * GAP,
            self.tile,
            self.check_stop,
        )
        return self.keep_sharp(encode_srgb(rendered).cpu().numpy(), untouched.cpu().numpy(), block)

    def keep_sharp(
        self, rendered: np.ndarray, untouched: np.ndarray, block: tuple[slice, slice]
    ) -> np.ndarray:
        """Give pixels in focus their exact values back where no nearer blur reaches them."""
        depth = np.asarray(self.depth[block], np.float32)
        exact = (np.abs(np.float32(self.scale) * self.lens.defocus(depth)) <= SHARP) & untouched
        rendered[exact] = self.photo[block][exact]
        return rendered


def prepare(
    photo: np.ndarray,
    depth: np.ndarray,
    lens: Lens,
    scale: float,
    device: torch.device,
    stop: Event,
    cancelled: Cancelled | None,
) -> Job:
    """Look at the photo as a whole."""

    def light_of(top: int, bottom: int) -> np.ndarray:
        if cancelled and cancelled():
            raise RenderCancelled
        return linear_light(photo[top:bottom])

    highlights = find_highlights(light_of, depth.shape) if lens.highlights > 0 else None
    parts = (
        on_device(light_of(top, bottom), depth[top:bottom], device)
        for top, bottom in bands(depth.shape, 2**WHOLE)
    )
    backdrop = find_backdrop(parts, scale)
    largest = scale * largest_defocus(depth, lens)
    return Job(photo, depth, lens, scale, largest, device, stop, highlights, backdrop)


def in_threads(
    job: Job, stop: Event, progress: Progress | None, cancelled: Cancelled | None
) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """All blocks of a job with their pixels, as they come.

    On a CPU as many at once as torch has threads, each in one of them: that is faster than many
    threads for each small operation. On a GPU one after the other.
    """
    threads = torch.get_num_threads()
    workers = min(threads, MOST_THREADS) if job.device.type == "cpu" else 1
    blocks = job.blocks()
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        running = {pool.submit(job.render, block): block for block in blocks}
        try:
            for number, future in enumerate(as_they_end(running, cancelled), 1):
                yield running.pop(future), future.result()
                if progress:
                    progress(number / len(blocks))
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)  # new threads begin with what was set last


def as_they_end(running: Iterable[Future], cancelled: Cancelled | None) -> Iterator[Future]:
    """Futures as they end; RenderCancelled as soon as `cancelled` says so."""
    waiting = set(running)
    while waiting:
        if cancelled and cancelled():
            raise RenderCancelled
        done, waiting = wait(waiting, timeout=POLL, return_when=FIRST_COMPLETED)
        yield from done


def circle_scale(size: tuple[int, int], aperture: float) -> float:
    """Pixels of circle of confusion radius for a depth difference of 1, in a photo of some size.

    `size`: height and width; `aperture`: as in `Lens`. The radius goes by the diagonal up to an
    aspect of 2:1; beyond it, by the geometric mean of the sides, so that a panorama or a tall
    screenshot is blurred as its height or width lets expect.
    """
    height, width = size
    return aperture * min(math.hypot(height, width), math.sqrt(WIDEST_DIAGONAL * height * width))


def correct(depth: np.ndarray, correction: np.ndarray, lens: Lens) -> np.ndarray:
    """Depth with what somebody painted on it: sharper here, more blurred there.

    Args:
        depth: H×W in [0, 1], 1 nearest.
        correction: h×w float32 in [-1, 1], of any size with the photo's aspect. 0 changes nothing.
            A positive value c pulls the depth towards the sharp band, which it reaches at 1. A
            negative one pushes it c · `PUSH` away from the band: nearer where it is nearer than the
            band, else farther.
        lens: whose focus and range are meant.

    Returns:
        H×W float32 to give to `render`; it may leave [0, 1].

    """
    height, width = depth.shape
    painted = cv2.resize(np.float32(correction), (width, height), interpolation=cv2.INTER_LINEAR)
    offset = np.float32(depth) - np.float32(lens.focus)
    beyond = lens.defocus(np.float32(depth))
    pulled = offset - painted * beyond
    edge = np.float32(lens.focus_range / 2)
    pushed = np.where(
        beyond > 0, offset - PUSH * painted, np.minimum(offset, -edge) + PUSH * painted
    )
    return np.float32(lens.focus) + np.where(painted < 0, pushed, pulled).astype(np.float32)


def check(photo: np.ndarray, depth: np.ndarray) -> None:
    """Refuse arguments that mean nothing."""
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.size == 0:
        raise ValueError(f"a photo is an array of height × width × 3, not {photo.shape}")
    if photo.shape[:2] != depth.shape:
        raise ValueError(f"photo {photo.shape} and depth {depth.shape} do not belong together")
    if not np.isfinite(depth).all():
        raise ValueError("depth must be finite everywhere")


def linear_light(photo: np.ndarray) -> np.ndarray:
    """H×W×3 sRGB-encoded → linear light, float32."""
    return to_linear(torch.from_numpy(np.ascontiguousarray(photo, np.float32))).numpy()


def on_device(
    light: np.ndarray, depth: np.ndarray, device: str | torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Light 3×H×W and depth H×W as float32 tensors."""
    planar = np.ascontiguousarray(np.moveaxis(light, -1, 0), np.float32)
    flat = np.ascontiguousarray(depth, np.float32)
    return torch.from_numpy(planar).to(device), torch.from_numpy(flat).to(device)
