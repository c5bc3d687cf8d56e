"""Planes of equal blur, put together from the nearest to the farthest, tile by tile."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import torch
from torch.nn import functional

from autofocus.lens.aperture import disc_kernel
from autofocus.lens.layers import Scene

SHARP = 0.5  # pixels: circles up to this radius are points
FINEST = 0.75  # pixels between planes near the focus
PROPORTION = 0.16  # of their radius between planes far from it
PARALLAX = 1.5  # plane spacings between two blurs from which on the hidden layer shows
GAP = 0.03  # of depth: without anything in between, what comes next lies behind, not beside
HOLE = 0.25  # of a pixel: less left open by one surface is no view of what lies behind it
FULL_DETAIL = 10.0  # pixels: larger circles are spread in a picture of half, a quarter … the size
TILE = 320  # pixels: small enough for a processor's cache, and at least four largest circles

Tick = Callable[[float], None]
Defocus = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Sheet:
    """A layer on its way through the lens.

    `light`: H×W×4, linear light times coverage, and coverage; `radius`: H×W signed radius of the
    circle of confusion in pixels, positive nearer than the focus.
    """

    light: torch.Tensor
    radius: torch.Tensor

    def is_seen(self) -> bool:
        """Whether there is anything on it."""
        return bool(self.light[..., 3].any())

    def around(self, rows: range, columns: range, margin: int) -> "Sheet":
        """A part with a margin; what lies beyond the borders is what is on them."""
        rows, columns = (
            torch.arange(part.start - margin, part.stop + margin, device=self.radius.device).clamp(
                0, size - 1
            )
            for part, size in zip((rows, columns), self.radius.shape, strict=True)
        )
        return Sheet(self.light[rows[:, None], columns], self.radius[rows[:, None], columns])

    def inside(self, border: int) -> "Sheet":
        """All but a border."""
        height, width = self.radius.shape
        return self.cut(slice(border, height - border), slice(border, width - border))

    def cut(self, rows: slice, columns: slice) -> "Sheet":
        """A rectangle of it."""
        return Sheet(
            self.light[rows, columns].contiguous(), self.radius[rows, columns].contiguous()
        )


def composite(
    scene: Scene, defocus: Defocus, scale: float, shape: tuple[int, float], tick: Tick
) -> torch.Tensor:
    """The scene through the lens, 3×H×W linear.

    `defocus`: depth → its signed distance from what is sharp; `scale`: pixels of radius for a
    distance of 1; `shape`: blades and rotation; `tick` is told the share done.
    """
    sheets = settle(scene, defocus, scale)
    planes = plane_radii(
        min(float(sheet.radius.min()) for sheet in sheets),
        max(float(sheet.radius.max()) for sheet in sheets),
    )
    kernels = [disc_kernel(r / reduction(r), *shape).to(scene.light.device) for r in planes]
    reach = max(abs(planes[0]), abs(planes[-1]))
    margin = margin_for(reach, reach)
    result = torch.empty_like(scene.light)
    spots = tiles(scene.depth.shape, reach, scene.light.device.type)

    def take(spot: tuple[range, range]) -> None:
        parts = [sheet.around(*spot, margin) for sheet in sheets]
        parts = parts[: 1 + parts[1].is_seen()]
        local = margin_for(max(float(part.radius.abs().max()) for part in parts), reach)
        trimmed = [part.inside(margin - local) for part in parts]
        picture = through_planes(trimmed, planes, kernels, scale)
        whole = result[:, spot[0].start : spot[0].stop, spot[1].start : spot[1].stop]
        height, width = whole.shape[1:]
        inner = picture[local : local + height, local : local + width]
        whole.copy_(inner.movedim(-1, 0))

    for number, _ in enumerate(each(take, spots, scene.light.device.type)):
        tick((number + 1) / len(spots))
    return result


def each(take: Callable, spots: list, device: str) -> Iterator[None]:
    """Do all tiles: on a processor as many at once as torch has threads, each on one of them."""
    threads = torch.get_num_threads()
    if device != "cpu" or threads == 1 or len(spots) == 1:
        yield from map(take, spots)
        return
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield from pool.map(take, spots)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def settle(scene: Scene, defocus: Defocus, scale: float) -> list[Sheet]:
    """Both layers with their radii.

    Where these differ too little for anything to be uncovered, a pixel stays what the photo has
    there, on one layer.
    """
    front, back = scene.front, scene.back
    depths = (scene.depth, front.depth, back.depth)
    own, near, far = (tolerant(scale * defocus(depth)) for depth in depths)
    spacing = (PROPORTION * near.abs().maximum(far.abs())).clamp(min=FINEST)
    apart = ((near - far) / spacing - PARALLAX).clamp(0, 1)
    alpha = 1 - apart * (1 - front.alpha)
    shown = front.light * (front.alpha * apart) + scene.light * (1 - apart)
    cover = back.alpha * apart
    return [
        Sheet(torch.cat([shown, alpha[None]]).movedim(0, -1), own + apart * (near - own)),
        Sheet(torch.cat([back.light * cover, cover[None]]).movedim(0, -1), far),
    ]


def tolerant(radius: torch.Tensor) -> torch.Tensor:
    """Signed radii with what is nearly in focus brought to 0, without a jump anywhere."""
    size = radius.abs()
    return radius.sign() * torch.minimum(size, 2 * (size - SHARP).clamp(min=0))


def plane_radii(lowest: float, highest: float) -> list[float]:
    """Signed radii from the farthest to the nearest that enclose a range."""
    side = [0.0]
    while side[-1] < max(abs(lowest), abs(highest)):
        side.append(side[-1] + max(FINEST, PROPORTION * side[-1]))
    signed = [-r for r in reversed(side[1:])] + side
    first = max((i for i, r in enumerate(signed) if r <= lowest), default=0)
    last = min((i for i, r in enumerate(signed) if r >= highest), default=len(signed) - 1)
    return signed[first : last + 1]


def reduction(radius: float) -> int:
    """The power of two by which a picture may shrink before it is spread by a radius."""
    return 2 ** max(0, math.ceil(math.log2(max(abs(radius), 1e-6) / FULL_DETAIL)))


def tiles(size: tuple[int, int], reach: float, device: str) -> list[tuple[range, range]]:
    """Rows and columns of all tiles: of equal sides, which are multiples of every reduction."""
    step = 2 * reduction(reach)
    side = max(TILE if device == "cpu" else 8 * TILE, 4 * margin_for(reach, reach))
    rows, columns = (
        [range(k, k + length) for k in range(0, n, length)]
        for n in size
        for length in [math.ceil(n / max(1, round(n / side)) / step) * step]
    )
    return [(r, c) for r in rows for c in columns]


def margin_for(radius: float, reach: float) -> int:
    """The margin that circles of a radius need in a photo whose largest one is `reach`."""
    step = 2 * reduction(reach)
    return (math.ceil(radius) // step + 2) * step


def through_planes(
    sheets: list[Sheet], planes: list[float], kernels: list[torch.Tensor], scale: float
) -> torch.Tensor:
    """One tile with its margin, H×W×3.

    Coverages of planes that follow each other in depth add up, as one slanted surface's do; across
    a gap in depth they multiply, as those of unrelated surfaces do.
    """
    size = sheets[0].radius.shape
    picture = sheets[0].light.new_zeros(*size, 4)  # light, and what it covers
    open_to = picture.new_ones(size)  # light from behind all finished groups
    group = picture.new_zeros(size)  # coverage of the group at work
    last = picture.new_full(size, float("inf"))  # radius of the last plane met
    for k, (rows, columns) in occupied(sheets, planes):
        parts = [sheet.cut(rows, columns) for sheet in sheets]
        spread = blur(slice_of(parts, planes, k), kernels[k], reduction(planes[k]))
        state = [whole[rows, columns] for whole in (picture, open_to, group, last)]
        beside = planes[min(k + 1, len(planes) - 1)] + 0.01
        compose(spread, planes[k], beside, scale * GAP, *state)
    return picture[..., :3] / picture[..., 3:].clamp(min=1e-6)


def compose(
    spread: torch.Tensor,
    radius: float,
    beside: float,
    gap: float,
    picture: torch.Tensor,
    open_to: torch.Tensor,
    group: torch.Tensor,
    last: torch.Tensor,
) -> None:
    """Put one plane behind what is there; the last four are changed in place.

    A pixel whose last plane lies more than `gap` nearer than `beside` begins another group.
    """
    alpha = spread[..., 3].clamp(min=0)
    met = alpha > 1e-3
    behind = ((last - beside) / max(gap, 1e-6)).clamp(0, 1) * met
    hole = 1 - group
    left = open_to * torch.lerp(hole, hole_through(hole), behind)
    group *= 1 - behind
    torch.div(left, (1 - group).clamp(min=1e-6), out=open_to)
    taken = alpha.minimum(1 - group) * open_to
    share = taken / alpha.clamp(min=1e-6)
    picture += spread * share[..., None]
    group.add_(alpha).clamp_(max=1)
    last.masked_fill_(met, radius)


def hole_through(hole: torch.Tensor) -> torch.Tensor:
    """What a group of planes lets through of the share of a pixel that it leaves open.

    Circles of different sizes, side by side on one uneven surface, do not add up to 1: that is no
    hole, or a bright wall would shine through dark hair.
    """
    x = (hole / HOLE).clamp(0, 1)
    return hole * x * x * (3 - 2 * x)


def occupied(sheets: list[Sheet], planes: list[float]) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """The planes on which anything lies, nearest first, and the part that its light reaches.

    A pixel is shared by the two planes around its radius.
    """
    rows, columns = (found_along(axis, sheets, planes) for axis in (0, 1))
    for k in reversed(range(len(planes))):
        if rows[:, k].any():
            yield k, (reached(rows[:, k], planes[k]), reached(columns[:, k], planes[k]))


def found_along(axis: int, sheets: list[Sheet], planes: list[float]) -> torch.Tensor:
    """N×K: whether anything in a row (axis 0) or a column (1) lies on each plane."""
    edges = torch.tensor(planes, device=sheets[0].radius.device)
    found = torch.zeros(sheets[0].radius.shape[axis], len(planes) + 2, device=edges.device)
    for sheet in sheets:
        between = torch.bucketize(sheet.radius, edges)
        between = between.where(sheet.light[..., 3] > 0, len(planes) + 1)
        found.scatter_(1, between if axis == 0 else between.T, 1)
    return (found[:, :-2] + found[:, 1:-1]) > 0


def reached(held: torch.Tensor, radius: float) -> slice:
    """From the first to the last place of N that is held, and as far as light spreads from them.

    It begins and ends on whole cells of the size in which such a plane is spread.
    """
    places = held.nonzero()
    cell = reduction(radius)
    spread = math.ceil(abs(radius)) + 2 * cell
    first, last = int(places[0]) - spread, int(places[-1]) + 1 + spread
    return slice(max(0, first // cell * cell), min(len(held), -(-last // cell) * cell))


def slice_of(sheets: list[Sheet], planes: list[float], k: int) -> torch.Tensor:
    """H×W×4: what lies on plane k."""
    parts = [sheet.light * share_of(sheet.radius, planes, k)[..., None] for sheet in sheets]
    return sum(parts[1:], start=parts[0])


def share_of(radius: torch.Tensor, planes: list[float], k: int) -> torch.Tensor:
    """How much of each pixel lies on plane k: 1 at its radius, falling to 0 at its neighbours'."""
    share = torch.ones_like(radius)
    if k > 0:
        share = share.minimum((radius - planes[k - 1]) / (planes[k] - planes[k - 1]))
    if k + 1 < len(planes):
        share = share.minimum((planes[k + 1] - radius) / (planes[k + 1] - planes[k]))
    return share.clamp_(0, 1)


def blur(content: torch.Tensor, kernel: torch.Tensor, factor: int) -> torch.Tensor:
    """H×W×C convolved with a kernel whose pixels are `factor` times as large."""
    if factor == 1:
        return convolve(content, kernel)
    planar = content.movedim(-1, 0)[None]
    small = functional.avg_pool2d(planar, factor)[0].movedim(0, -1)
    spread = convolve(small, kernel).movedim(-1, 0)[None]
    size = content.shape[:2]
    return functional.interpolate(spread, size=size, mode="bilinear")[0].movedim(0, -1)


def convolve(content: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """H×W×C convolved with a kernel; darkness outside.

    On a processor OpenCV is several times as fast as torch; on a GPU it is a product of spectra.
    """
    if kernel.shape[0] == 1:
        return content
    if content.device.type == "cpu":
        flipped = kernel.flip(0, 1).numpy()
        image = content.contiguous().numpy()
        return torch.from_numpy(cv2.filter2D(image, -1, flipped, borderType=cv2.BORDER_CONSTANT))
    reach = kernel.shape[0] // 2
    size = [n + 2 * reach for n in content.shape[:2]]
    planar = content.movedim(-1, 0)
    spectrum = torch.fft.rfft2(planar, s=size) * torch.fft.rfft2(kernel, s=size)
    spread = torch.fft.irfft2(spectrum, s=size)
    height, width = content.shape[:2]
    return spread[:, reach : reach + height, reach : reach + width].movedim(0, -1)
