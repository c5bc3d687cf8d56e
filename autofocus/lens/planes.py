"""Planes of equal blur, put together from the nearest to the farthest, tile by tile."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import torch
from torch.nn import functional

from autofocus.lens.aperture import Aperture, disc_kernel
from autofocus.lens.layers import LayeredPhoto

SHARP = 0.5  # pixels: circles of confusion of up to this radius are points
FINEST = 0.75  # pixels: the least difference in radius between two planes
PROPORTION = 0.16  # and the least difference as a fraction of the radius
PARALLAX = 1.5  # times that difference: from there on a pixel's two layers are blurred separately
GAP = 0.03  # of depth: surfaces so far apart are unrelated, and what is farther lies behind
HOLE = 0.25  # of a pixel: a smaller hole in one surface does not show what lies behind it
FULL_DETAIL = 10.0  # pixels: larger circles are spread in an image of half, a quarter … the size
TILE = 320  # pixels, small enough for a CPU's cache
LARGEST_TILE = 512  # the same where circles are large
MET = 1e-3  # coverage that counts as having met a surface

Defocus = Callable[[torch.Tensor], torch.Tensor]
ApertureAt = Callable[[int, int], Aperture]
Span = tuple[int, int]  # first, and one after the last


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

    def around(self, rows: Span, columns: Span) -> "Sheet":
        """A rectangle of it; what lies beyond the borders is what is on them."""
        light, radius = (
            stretch(stretch(whole, 0, rows), 1, columns) for whole in (self.light, self.radius)
        )
        return Sheet(light, radius.contiguous())

    def cut(self, rows: slice, columns: slice) -> "Sheet":
        """A rectangle within it."""
        return Sheet(self.light[rows, columns], self.radius[rows, columns].contiguous())


def stretch(image: torch.Tensor, axis: int, span: Span) -> torch.Tensor:
    """A part of an image along one axis; what is on its borders goes on beyond them."""
    size = image.shape[axis]
    if span[0] >= 0 and span[1] <= size:
        return image.narrow(axis, span[0], span[1] - span[0])
    places = torch.arange(*span, device=image.device).clamp(0, size - 1)
    return image.index_select(axis, places)


@dataclass(frozen=True)
class Tile:
    """A rectangle of an image; the lens has an aperture at each of its corners.

    `apertures`: one for all of the tile, or those at its top left, top right, bottom left and
    bottom right, between which pixels are interpolated.
    """

    rows: Span
    columns: Span
    apertures: tuple[Aperture, ...]


def composite(
    sheets: list[Sheet],
    rows: Span,
    columns: Span,
    aperture_at: ApertureAt,
    gap: float,
    side: int,
    check_stop: Callable[[], None],
) -> tuple[torch.Tensor, torch.Tensor]:
    """A rectangle of the sheets through the lens.

    Args:
        sheets: both layers; they reach as far around the rectangle as light spreads.
        rows: of the rectangle in the sheets.
        columns: likewise.
        aperture_at: from a row and column of the sheets to the aperture there.
        gap: pixels of radius between surfaces that are unrelated.
        side: of the tiles, see `tile_side`.
        check_stop: called between planes; what it raises ends the work.

    Returns:
        h×w×3 linear light, and h×w: where no light from nearer than the focus arrives.

    """
    height, width = rows[1] - rows[0], columns[1] - columns[0]
    result = sheets[0].light.new_empty(height, width, 3)
    untouched = torch.empty(height, width, dtype=torch.bool, device=result.device)
    for top in range(rows[0], rows[1], side):
        for left in range(columns[0], columns[1], side):
            tile = tile_at(top, left, side, aperture_at)
            light, free = photograph_tile(sheets, tile, gap, check_stop)
            y, x = top - rows[0], left - columns[0]
            shown = result[y : y + side, x : x + side].shape[:2]  # less than a tile at the borders
            result[y : y + side, x : x + side] = light[: shown[0], : shown[1]]
            untouched[y : y + side, x : x + side] = free[: shown[0], : shown[1]]
    return result, untouched


def tile_side(largest: float, wanted: float = TILE, most: float = math.inf) -> int:
    """The side of tiles in a photo with circles of up to a radius: a multiple of all `reduction`s.

    About what is wanted, more where circles are large; no more than `most` if that is possible.
    """
    step = 2 * reduction(largest)
    side = max(wanted, min(4 * largest, LARGEST_TILE))
    if side <= most:
        return math.ceil(side / step) * step
    return max(1, int(most / step)) * step


def tile_at(top: int, left: int, side: int, aperture_at: ApertureAt) -> Tile:
    """The square tile that begins at a row and column."""
    bottom, right = top + side, left + side
    corners = [aperture_at(row, column) for row in (top, bottom) for column in (left, right)]
    same = all(corner == corners[0] for corner in corners)
    return Tile((top, bottom), (left, right), tuple(corners[:1] if same else corners))


def assign_circles(photo: LayeredPhoto, defocus: Defocus, scale: float) -> list[Sheet]:
    """Both layers, each pixel with its circle of confusion of radius scale · defocus(depth).

    Where these differ too little for anything to be uncovered, a pixel stays what the photo has
    there, on one layer. Without anything on it, the second layer is left out.
    """
    front, back = photo.front, photo.back
    depths = (photo.depth, front.depth, back.depth)
    own, near, far = (tolerant(scale * defocus(depth)) for depth in depths)
    spacing = (PROPORTION * near.abs().maximum(far.abs())).clamp(min=FINEST)
    apart = ((near - far) / spacing - PARALLAX).clamp(0, 1)
    alpha = 1 - apart * (1 - front.alpha)
    shown = front.light * (front.alpha * apart) + photo.light * (1 - apart)
    cover = back.alpha * apart
    seen = Sheet(
        torch.cat([shown, alpha[None]]).movedim(0, -1).contiguous(), own + apart * (near - own)
    )
    if not cover.any():
        return [seen]
    behind = torch.cat([back.light * cover, cover[None]]).movedim(0, -1).contiguous()
    return [seen, Sheet(behind, far)]


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
    """The power of two by which an image may shrink before it is spread by a radius."""
    return 2 ** max(0, math.ceil(math.log2(max(abs(radius), 1e-6) / FULL_DETAIL)))


def photograph_tile(
    sheets: list[Sheet], tile: Tile, gap: float, check_stop: Callable[[], None]
) -> tuple[torch.Tensor, torch.Tensor]:
    """One tile, h×w×3 linear light, and where nothing nearer than the focus arrives, h×w.

    Coverages of planes that follow each other in depth add up, as one slanted surface's do; across
    a gap in depth they multiply, as those of unrelated surfaces do.
    """
    parts, margin = cut_around(sheets, tile)
    planes = plane_radii(
        min(float(part.radius.min()) for part in parts),
        max(float(part.radius.max()) for part in parts),
    )
    size = tuple(span[1] - span[0] for span in (tile.rows, tile.columns))
    image = parts[0].light.new_zeros(*size, 4)  # light, and what it covers
    open_to = image.new_ones(size)  # light from behind all finished groups
    group = image.new_zeros(size)  # coverage of the group at work
    last = image.new_full(size, float("inf"))  # radius of the last plane met
    untouched = None
    for k, region, target in occupied(parts, planes, margin, size):
        check_stop()
        if planes[k] <= 0 and untouched is None:
            untouched = last == float("inf")
        spread = spread_plane(parts, planes, k, region, target, margin, tile)
        state = [whole[target] for whole in (image, open_to, group, last)]
        beside = planes[min(k + 1, len(planes) - 1)] + 0.01
        compose(spread, planes[k], beside, gap, *state)
    light = image[..., :3] / image[..., 3:].clamp(min=1e-6)
    return light, last == float("inf") if untouched is None else untouched


def cut_around(sheets: list[Sheet], tile: Tile) -> tuple[list[Sheet], int]:
    """What may reach a tile: the sheets that hold anything there, with a margin."""
    spans = (tile.rows, tile.columns)
    margin = margin_for(max(float(sheet.radius.abs().max()) for sheet in sheets))
    for _ in range(2):  # within that margin, circles may be smaller
        views = [slice(max(0, a - margin), b + margin) for a, b in spans]
        margin = margin_for(max(float(sheet.radius[*views].abs().max()) for sheet in sheets))
    grown = [(a - margin, b + margin) for a, b in spans]
    parts = [sheet.around(*grown) for sheet in sheets]
    return parts[:1] + [part for part in parts[1:] if part.is_seen()], margin


def margin_for(radius: float) -> int:
    """The margin that circles of a radius need, a multiple of their `reduction`."""
    step = 2 * reduction(radius)
    return (math.ceil(radius) // step + 2) * step


def compose(
    spread: torch.Tensor,
    radius: float,
    beside: float,
    gap: float,
    image: torch.Tensor,
    open_to: torch.Tensor,
    group: torch.Tensor,
    last: torch.Tensor,
) -> None:
    """Put one plane behind what is there; the last four are changed in place.

    A pixel whose last plane lies more than `gap` nearer than `beside` begins another group.
    """
    alpha = spread[..., 3].clamp(min=0)
    met = alpha > MET
    behind = ((last - beside) / max(gap, 1e-6)).clamp(0, 1) * met
    hole = 1 - group
    left = open_to * torch.lerp(hole, hole_through(hole), behind)
    group *= 1 - behind
    torch.div(left, (1 - group).clamp(min=1e-6), out=open_to)
    taken = alpha.minimum(1 - group) * open_to
    fraction = taken / alpha.clamp(min=1e-6)
    image += spread * fraction[..., None]
    group.add_(alpha).clamp_(max=1)
    last.masked_fill_(met, radius)


def hole_through(hole: torch.Tensor) -> torch.Tensor:
    """What a group of planes lets through of the fraction of a pixel that it leaves open.

    Circles of different sizes, side by side on one uneven surface, do not add up to 1: that is not
    a hole, or a bright wall would shine through dark hair.
    """
    x = (hole / HOLE).clamp(0, 1)
    return hole * x * x * (3 - 2 * x)


def occupied(
    sheets: list[Sheet], planes: list[float], margin: int, size: tuple[int, int]
) -> Iterator[tuple[int, tuple[slice, slice], tuple[slice, slice]]]:
    """The planes whose light reaches a tile, nearest first.

    Yields each plane's number, the region of the sheets that it takes, and the part of the tile
    (of some size, within a margin) that it reaches.
    """
    held = [held_along(axis, sheets, planes) for axis in (0, 1)]
    for k in reversed(range(len(planes))):
        spans = [
            reached(held[axis][:, k], planes[k], margin, size[axis])
            for axis in (0, 1)
            if held[axis][:, k].any()
        ]
        if len(spans) == 2 and all(spans):
            regions, targets = zip(*spans, strict=True)
            yield k, regions, targets


def held_along(axis: int, sheets: list[Sheet], planes: list[float]) -> torch.Tensor:
    """N×K: whether anything in a row (axis 0) or a column (1) lies on each plane.

    A pixel is shared by the two planes around its radius.
    """
    edges = torch.tensor(planes, device=sheets[0].radius.device)
    held = torch.zeros(sheets[0].radius.shape[axis], len(planes) + 2, device=edges.device)
    for sheet in sheets:
        between = torch.bucketize(sheet.radius, edges)
        between = between.where(sheet.light[..., 3] > 0, len(planes) + 1)
        held.scatter_(1, between if axis == 0 else between.T, 1)
    return ((held[:, :-2] + held[:, 1:-1]) > 0).cpu()


def reached(
    held: torch.Tensor, radius: float, margin: int, size: int
) -> tuple[slice, slice] | None:
    """Along one axis: the region that a plane takes and the part of the tile that it reaches.

    `held`: N, where anything lies on the plane. Both begin and end on whole cells of the size in
    which such a plane is spread; the region covers the part. None if it reaches nothing.
    """
    places = held.nonzero()
    cell = reduction(radius)
    spread = math.ceil(abs(radius)) + 2 * cell
    first = max(int(places[0]), margin - spread) // cell * cell
    last = -(-min(int(places[-1]) + 1, margin + size + spread) // cell) * cell
    start = max(margin, (first - spread) // cell * cell)
    stop = min(margin + size, -(-(last + spread) // cell) * cell)
    if first >= last or start >= stop:
        return None
    whole = len(held) // cell * cell
    region = slice(min(first, max(0, start - cell)), min(whole, max(last, stop + cell)))
    return region, slice(start - margin, stop - margin)


def spread_plane(
    sheets: list[Sheet],
    planes: list[float],
    k: int,
    region: tuple[slice, slice],
    target: tuple[slice, slice],
    margin: int,
    tile: Tile,
) -> torch.Tensor:
    """The light of plane k in a part of the tile, h×w×4.

    It is spread in a smaller image where circles are large, and interpolated.
    """
    factor = reduction(planes[k])
    content = slice_of([sheet.cut(*region) for sheet in sheets], planes, k)
    if factor > 1:
        content = functional.avg_pool2d(content.movedim(-1, 0)[None], factor)[0].movedim(0, -1)
    kernels = [disc_kernel(planes[k] / factor, aperture) for aperture in tile.apertures]
    spread = convolve(content, kernels[0])
    if len(kernels) > 1:
        weights = corner_weights(content.shape[:2], region, factor, margin, tile)
        spread = spread * weights[0]
        for kernel, weight in zip(kernels[1:], weights[1:], strict=True):
            spread += convolve(content, kernel) * weight
    return upsample_region(
        spread, region, [slice(t.start + margin, t.stop + margin) for t in target], factor
    )


def corner_weights(
    size: tuple[int, int], region: tuple[slice, slice], factor: int, margin: int, tile: Tile
) -> list[torch.Tensor]:
    """h×w×1: how much the aperture of each of the tile's corners counts in each cell."""
    down, right = (
        ((torch.arange(n) + 0.5) * factor + part.start - margin).div(span[1] - span[0]).clamp(0, 1)
        for n, part, span in zip(size, region, (tile.rows, tile.columns), strict=True)
    )
    return [y[:, None, None] * x[:, None] for y in (1 - down, down) for x in (1 - right, right)]


def upsample_region(
    spread: torch.Tensor, region: tuple[slice, slice], target: list[slice], factor: int
) -> torch.Tensor:
    """The target part of a region that is there in cells of `factor` pixels, bilinear, H×W×C."""
    if factor == 1:
        rows, columns = (
            slice(part.start - whole.start, part.stop - whole.start)
            for part, whole in zip(target, region, strict=True)
        )
        return spread[rows, columns]
    cells = [
        slice(
            max(0, (part.start - whole.start) // factor - 1),
            (part.stop - whole.start) // factor + 1,
        )
        for part, whole in zip(target, region, strict=True)
    ]
    planar = spread[cells[0], cells[1]].movedim(-1, 0)[None]
    large = functional.interpolate(planar, scale_factor=factor, mode="bilinear")[0].movedim(0, -1)
    rows, columns = (
        slice(start, start + part.stop - part.start)
        for part, whole, cell in zip(target, region, cells, strict=True)
        for start in [part.start - whole.start - cell.start * factor]
    )
    return large[rows, columns]


def slice_of(sheets: list[Sheet], planes: list[float], k: int) -> torch.Tensor:
    """H×W×4: what lies on plane k."""
    parts = [sheet.light * fraction_on(sheet.radius, planes, k)[..., None] for sheet in sheets]
    return sum(parts[1:], start=parts[0])


def fraction_on(radius: torch.Tensor, planes: list[float], k: int) -> torch.Tensor:
    """How much of each pixel lies on plane k: 1 at its radius, falling to 0 at its neighbours'."""
    fraction = torch.ones_like(radius)
    if k > 0:
        fraction = fraction.minimum((radius - planes[k - 1]) / (planes[k] - planes[k - 1]))
    if k + 1 < len(planes):
        fraction = fraction.minimum((planes[k + 1] - radius) / (planes[k + 1] - planes[k]))
    return fraction.clamp_(0, 1)


def convolve(content: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """H×W×C convolved with a kernel; darkness outside.

    On a CPU OpenCV is several times as fast as torch; on a GPU it is a product of spectra.
    """
    if kernel.shape[0] == 1:
        return content
    on_cpu = content.device.type == "cpu"
    return convolve_directly(content, kernel) if on_cpu else multiply_spectra(content, kernel)


def convolve_directly(content: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """`convolve` by OpenCV."""
    flipped = kernel.flip(0, 1).numpy()
    image = content.contiguous().numpy()
    return torch.from_numpy(cv2.filter2D(image, -1, flipped, borderType=cv2.BORDER_CONSTANT))


def multiply_spectra(content: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """`convolve` by Fourier transforms, on any device."""
    radius = kernel.shape[0] // 2
    height, width = content.shape[:2]
    size = [height + 2 * radius, width + 2 * radius]
    planar = content.movedim(-1, 0)
    spectrum = torch.fft.rfft2(planar, s=size) * torch.fft.rfft2(kernel.to(content.device), s=size)
    spread = torch.fft.irfft2(spectrum, s=size)
    return spread[:, radius : radius + height, radius : radius + width].movedim(0, -1)
