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
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TypeVar

import cv2
import numpy as np
import torch

from autofocus.depth_edges import ROUNDS, sharpen, window_radius
from autofocus.lens.aperture import Aperture, cats_eye_shift
from autofocus.lens.highlights import Highlights, bands, find_highlights
from autofocus.lens.layers import WHOLE, Backdrop, find_backdrop, split
from autofocus.lens.lens import Lens
from autofocus.lens.planes import GAP, SHARP, TILE, assign_circles, composite, tile_side
from autofocus.lens.srgb import encode_srgb, to_linear
from autofocus.photo import resize, to_floats, to_type

LARGEST_CIRCLE = 0.25  # of the diagonal: what a larger aperture counts as
WIDEST_DIAGONAL = 2.5  # squared diagonal over the area, at 2:1
PUSH = 0.5  # of depth: how far a correction of -1 pushes
BLOCK = 512  # pixels, the least side of what is rendered at once on a CPU: bounds the memory
GPU_TILE = 2560  # pixels, the side of a tile on a GPU
CATS_EYE_STEP = 0.15  # radii by which the cat's eye may change from one corner of a tile to another
MOST_PIXELS = 2_500_000  # in all blocks that are rendered at once, with what is around them
POLL = 0.1  # seconds between two questions whether to stop

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]
Result = TypeVar("Result")
Array = TypeVar("Array", np.ndarray, torch.Tensor)
Span = tuple[int, int]  # first, and one after the last


class RenderCancelled(Exception):  # noqa: N818
    """The caller asked to stop."""


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
        photo: H×W×3 sRGB-encoded: float32 in [0, 1], or uint8 or uint16, whose largest number is 1.
        depth: H×W in [0, 1], 1 nearest, linear in inverse distance.
        lens: where it is focused, and how it blurs.
        device: where to compute; the result is the same on every one.
        progress: called with the fraction that is done.
        cancelled: asked every tenth of a second; `RenderCancelled` is raised when it says so.

    Returns:
        H×W×3 of the photo's type.

    Raises:
        ValueError: the photo's and the depth's sizes differ, or the depth is not finite.

    """
    check(photo, depth)
    kind = photo.dtype if photo.dtype.kind == "u" else np.dtype(np.float32)
    farthest = largest_defocus(depth, lens)
    aperture = min(lens.aperture, LARGEST_CIRCLE / max(farthest, 1e-6))
    scale = circle_scale(depth.shape, aperture)
    if scale * farthest <= SHARP:
        return np.array(photo, kind)
    stop = Event()
    look = partial(prepare, photo, depth, lens, scale, torch.device(device), stop)
    ((_, job),) = in_threads([look], 1, stop, cancelled)
    result = np.empty(photo.shape, kind)
    blocks = job.blocks()
    work = [partial(job.render, block) for block in blocks]
    for done, (number, pixels) in enumerate(in_threads(work, job.workers, stop, cancelled), 1):
        result[blocks[number]] = to_type(pixels, kind)
        if progress:
            progress(done / len(blocks))
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

    @property
    def workers(self) -> int:
        """How many blocks are rendered at once: fewer where much around each is needed."""
        if self.device.type != "cpu":
            return 1
        area = (BLOCK + 2 * (self.largest + self.beyond)) ** 2
        return max(1, min(torch.get_num_threads(), int(MOST_PIXELS / area)))

    @property
    def beyond(self) -> int:
        """Pixels around a circle of confusion that its layers are made of."""
        return ROUNDS * window_radius(min(self.depth.shape)) + 2**WHOLE + 8

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
        widest = self.grow(block, self.largest + self.beyond)
        largest = self.scale * largest_defocus(self.depth[widest], self.lens)
        return self.grow(block, largest + self.beyond)

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
        """H×W×3 float32 of a block, sRGB-encoded."""
        check_stop(self.stop)
        area = self.area_around(block)
        light = linear_light(self.photo[area])
        if self.highlights:
            light = self.highlights.expand(light, self.lens.highlights, area)
        light, depth = on_device(light, self.depth[area], self.device)
        depth = sharpen(depth, window_radius(min(self.depth.shape)))
        check_stop(self.stop)
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
            partial(check_stop, self.stop),
        )
        pure = sheets[0].light[slice(*rows), slice(*columns), 3] >= 1
        exact = self.in_focus(block, area, pure.cpu().numpy()) & untouched.cpu().numpy()
        shown = encode_srgb(rendered).cpu().numpy()
        shown[exact] = to_floats(self.photo[block][exact])
        return shown

    def in_focus(
        self, block: tuple[slice, slice], area: tuple[slice, slice], pure: np.ndarray
    ) -> np.ndarray:
        """H×W: the block's pixels that are sharp, and so have exactly the photo's values.

        A pixel that is mixed from two surfaces (not `pure`) has them only where nothing that is
        blurred and nearer lies around it.
        """
        depth = np.asarray(self.depth[area], np.float32)
        radius = np.float32(self.scale) * self.lens.defocus(depth)
        near = radius > SHARP
        if near.any():
            side = 2 * math.ceil(float(radius.max())) + 3
            near = cv2.dilate(np.uint8(near), np.ones((side, side), np.uint8)) > 0
        inner = tuple(
            slice(part.start - whole.start, part.stop - whole.start)
            for part, whole in zip(block, area, strict=True)
        )
        return (np.abs(radius[inner]) <= SHARP) & (pure | ~near[inner])


def prepare(
    photo: np.ndarray,
    depth: np.ndarray,
    lens: Lens,
    scale: float,
    device: torch.device,
    stop: Event,
) -> Job:
    """Look at the photo as a whole, band by band."""

    def light_of(top: int, bottom: int) -> np.ndarray:
        check_stop(stop)
        return linear_light(photo[top:bottom])

    highlights = find_highlights(light_of, depth.shape) if lens.highlights > 0 else None

    def parts() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for top, bottom in bands(depth.shape, 2**WHOLE):
            light = light_of(top, bottom)
            if highlights:
                rows = slice(top, bottom), slice(None)
                light = highlights.expand(light, lens.highlights, rows)
            yield on_device(light, depth[top:bottom], device)

    backdrop = find_backdrop(parts(), scale)
    largest = scale * largest_defocus(depth, lens)
    return Job(photo, depth, lens, scale, largest, device, stop, highlights, backdrop)


def check_stop(stop: Event) -> None:
    """RenderCancelled if the work is to end."""
    if stop.is_set():
        raise RenderCancelled


def in_threads(
    work: list[Callable[[], Result]], workers: int, stop: Event, cancelled: Cancelled | None
) -> Iterator[tuple[int, Result]]:
    """The numbers and results of some pieces of work, as they end.

    Each worker has its part of torch's threads: pieces that run side by side are faster than many
    threads for every small operation. If this ends early, `stop` is set.
    """
    threads = torch.get_num_threads()
    each = max(1, threads // workers)
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(each,)) as pool:
        running = {pool.submit(piece): number for number, piece in enumerate(work)}
        try:
            for future in as_they_end(running, cancelled):
                yield running.pop(future), future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
        finally:
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
    result = resize(np.array(correction, np.float32), depth.shape)
    for top, bottom in bands(depth.shape):
        rows = slice(top, bottom)
        result[rows] = correct_rows(np.float32(depth[rows]), result[rows], lens)
    return result


def correct_rows(depth: np.ndarray, correction: np.ndarray, lens: Lens) -> np.ndarray:
    """`correct` for both of one size, H×W float32."""
    offset = depth - np.float32(lens.focus)
    defocus = lens.defocus(depth)
    away = PUSH * np.minimum(correction, 0)  # 0 or negative
    behind = np.minimum(offset, -np.float32(lens.focus_range / 2)) + away
    pushed = np.where(defocus > 0, offset - away, behind)
    pulled = offset - correction * defocus
    return np.float32(lens.focus) + np.where(correction < 0, pushed, pulled)


def check(photo: np.ndarray, depth: np.ndarray) -> None:
    """Refuse arguments that mean nothing."""
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.size == 0:
        raise ValueError(f"a photo is an array of height × width × 3, not {photo.shape}")
    if photo.shape[:2] != depth.shape:
        raise ValueError(f"photo {photo.shape} and depth {depth.shape} do not belong together")
    if not np.isfinite(depth).all():
        raise ValueError("depth must be finite everywhere")


def linear_light(photo: np.ndarray) -> np.ndarray:
    """H×W×3 sRGB-encoded, as `render` takes it → linear light, float32."""
    return to_linear(torch.from_numpy(np.ascontiguousarray(to_floats(photo)))).numpy()


def on_device(
    light: np.ndarray, depth: np.ndarray, device: str | torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Light 3×H×W and depth H×W as float32 tensors."""
    planar = np.ascontiguousarray(np.moveaxis(light, -1, 0), np.float32)
    flat = np.ascontiguousarray(depth, np.float32)
    return torch.from_numpy(planar).to(device), torch.from_numpy(flat).to(device)
