"""Two layers of one photo: what is seen, and what that hides.

A photo's pixels at a depth discontinuity are mixed from both sides (the photo is antialiased) while
the depth map gives each to one of the two. `unmix` separates them; `hidden` continues the far side
under the near one.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional

from autofocus.depth_edges import lowest

DISCONTINUITY = 0.03  # a depth difference that counts as one surface in front of another
NEARBY = 2  # pixels around a mixed one in which its two pure colours are looked for
SIGMA = 1.5  # pixels: nearer ones count more
AT_ONCE = 8000  # mixed pixels that a CPU unmixes together: their neighbours fit into its cache
IMPURE = 0.02  # weight of pixels that are mixed themselves, for surfaces too thin to have others
DOUBT = 0.004  # squared colour contrast (linear light) under which the mixing fraction is a guess
LEAST_NEAR = 0.15  # of a pixel that the depth map gives to the near side
FALL = 0.125  # weight of one pyramid level against the finer one
WHOLE = 5  # the first level whose cells are taken from the whole photo, where this is a part of it


@dataclass(frozen=True)
class Layer:
    """`light`: 3×H×W linear; `depth`: H×W, 1 nearest; `alpha`: H×W coverage in [0, 1]."""

    light: torch.Tensor
    depth: torch.Tensor
    alpha: torch.Tensor


@dataclass(frozen=True)
class LayeredPhoto:
    """A photo (`light`, `depth`) and its two layers."""

    light: torch.Tensor
    depth: torch.Tensor
    front: Layer
    back: Layer


@dataclass(frozen=True)
class Backdrop:
    """The farthest surfaces of a whole photo, in cells of 2^`WHOLE` pixels and larger.

    `levels`: 4×h×w each (linear light and depth); `origin`: the row and column at which the part
    begins that looks things up here.
    """

    levels: list[torch.Tensor]
    origin: tuple[int, int] = (0, 0)

    def at(self, row: int, column: int) -> "Backdrop":
        """The same for a part that begins at a row and a column, both even."""
        return Backdrop(self.levels, (row, column))


def split(
    light: torch.Tensor, depth: torch.Tensor, radius: float, backdrop: Backdrop | None = None
) -> LayeredPhoto:
    """A photo's front layer and, `radius` pixels under it, the hidden one.

    Args:
        light: 3×H×W linear light.
        depth: H×W, 1 nearest.
        radius: how far behind an edge hidden surfaces are looked for, in pixels.
        backdrop: if this is a part of a larger photo, the farthest surfaces of that photo.

    """
    front, back = unmix(light, depth)
    if float(depth.max() - depth.min()) > DISCONTINUITY / 2:
        mixed = back.alpha > 0
        own_side = torch.where(mixed & (front.alpha < 0.5), back.light, front.light)
        surface = torch.cat([own_side, depth[None]])
        del own_side
        filled = hidden(surface, radius, backdrop)
        for new, known in (
            (filled.light, back.light),
            (filled.depth, back.depth),
            (filled.alpha, back.alpha),
        ):
            torch.where(mixed, known, new, out=new)  # in place: layers are large
        back = filled
    return LayeredPhoto(light, depth, front, back)


def unmix(light: torch.Tensor, depth: torch.Tensor) -> tuple[Layer, Layer]:
    """Every pixel at a depth discontinuity as near colour · alpha + far colour · (1 − alpha).

    The pixel's own surface keeps what makes the sum the photo's pixel again; the other side's
    colour comes from its pure pixels near by. Elsewhere the front is the photo, the back empty.
    """
    nearest, farthest = -lowest(-depth, 1), lowest(depth, 1)
    band = nearest - farthest > DISCONTINUITY
    front = Layer(light.clone(), depth.clone(), torch.ones_like(depth))
    back = Layer(torch.zeros_like(light), depth.clone(), torch.zeros_like(depth))
    where = band.nonzero(as_tuple=True)
    if len(where[0]) == 0:
        return front, back
    middle = (nearest + farthest)[where] / 2
    near, far = sides(light, depth, band, where, middle)
    own = light[:, where[0], where[1]]
    is_near = depth[where] > middle
    alpha = mixing_fraction(own, near[:3], far[:3], is_near)
    kept_near = between(own, near[:3], (own - (1 - alpha) * far[:3]) / alpha)
    kept_far = between(own, far[:3], (own - alpha * near[:3]) / (1 - alpha))
    front.light[:, where[0], where[1]] = torch.where(is_near, kept_near, near[:3])
    back.light[:, where[0], where[1]] = torch.where(is_near, far[:3], kept_far)
    front.depth[where] = torch.where(is_near, depth[where], near[3])
    back.depth[where] = torch.where(is_near, far[3], depth[where])
    front.alpha[where] = alpha
    back.alpha[where] = 1.0
    return front, back


def between(own: torch.Tensor, pure: torch.Tensor, unmixed: torch.Tensor) -> torch.Tensor:
    """The unmixed colour, no farther from the pixel's own than the pure one of its side is.

    Where the depth's edge is not the photo's, the fraction is wrong, and a colour taken apart by it
    would be a speck of white or black.
    """
    return torch.clamp(unmixed, torch.minimum(own, pure), torch.maximum(own, pure))


def sides(
    light: torch.Tensor,
    depth: torch.Tensor,
    band: torch.Tensor,
    where: tuple[torch.Tensor, torch.Tensor],
    middle: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """For N places: mean colour and depth (4×N) of what is nearer than `middle`, and farther."""
    image = torch.cat([light, depth[None], band[None]])
    at_once = AT_ONCE if depth.device.type == "cpu" else len(middle)
    parts = (part.split(at_once) for part in (*where, middle))
    pairs = []
    for rows, columns, level in zip(*parts, strict=True):
        around, falloff = neighbours(image, rows, columns)
        far = mean_of_side(around, falloff, level, None)
        pairs.append((mean_of_side(around, falloff, level, far), far))
    near, far = (torch.cat(side, dim=1) for side in zip(*pairs, strict=True))
    return near, far


def neighbours(
    image: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """C×H×W → C×K×N, the pixels within `NEARBY` of N places, and what each counts, K×1."""
    height, width = image.shape[1:]
    steps = torch.arange(-NEARBY, NEARBY + 1, device=image.device)
    y, x = (step.reshape(-1, 1) for step in torch.meshgrid(steps, steps, indexing="ij"))
    places = (rows + y).clamp(0, height - 1) * width + (columns + x).clamp(0, width - 1)
    around = image.flatten(1).index_select(1, places.flatten()).view(-1, *places.shape)
    return around, torch.exp(-(x * x + y * y) / (2 * SIGMA**2))


def mean_of_side(
    around: torch.Tensor, falloff: torch.Tensor, middle: torch.Tensor, far: torch.Tensor | None
) -> torch.Tensor:
    """The far side, 4×N; if that is known, the near one: mixed pixels count by contrast to it.

    `around`: 5×K×N, light, depth and whether a pixel is mixed.
    """
    light, depth, mixed = around[:3], around[3], around[4]
    impure = IMPURE / (1 + light.amax(0)) ** 2
    if far is not None:
        impure *= ((light.clamp(max=1) - far[:3, None].clamp(max=1)) ** 2).sum(0)
    weight = torch.where(mixed > 0, impure, 1.0) * falloff
    weight *= (depth > middle) == (far is not None)
    return (around[:4] * weight).sum(1) / weight.sum(0).clamp(min=1e-9)


def mixing_fraction(
    own: torch.Tensor, near: torch.Tensor, far: torch.Tensor, is_near: torch.Tensor
) -> torch.Tensor:
    """How much of each pixel (3×N) the near colour covers, N.

    The least-squares fraction, pulled to the middle of its range where contrast is missing. A depth
    map sampled at pixel centres says which half of the range it is in.
    """
    contrast = near - far
    expected = torch.where(is_near, 0.85, 0.15)
    fraction = ((own - far) * contrast).sum(0) + DOUBT * expected
    fraction = fraction / ((contrast * contrast).sum(0) + DOUBT)
    return torch.where(is_near, fraction.clamp(LEAST_NEAR, 1), fraction.clamp(0, 0.5))


def hidden(surface: torch.Tensor, radius: float, backdrop: Backdrop | None = None) -> Layer:
    """What lies behind each pixel: the farther surfaces around it, the closest counting most.

    `surface`: 4×H×W, linear light and depth. A pyramid holds at each level the farthest surface of
    its cells; a pixel takes the cells around it that are farther by `DISCONTINUITY`, over all
    levels within the radius, weighted down by their size. Looked up at half the size: it is smooth,
    and next to edges `unmix` knows better.
    """
    depth = surface[3]
    own = nearer_half(depth)
    total = torch.zeros(5, *own.shape, device=depth.device)
    for level, cells, origin in levels(farther_half(surface), radius, backdrop):
        add_farther(total, cells, own, level, origin)
    total = functional.interpolate(total[None], scale_factor=2, mode="bilinear")[0]
    total = total[:, : depth.shape[0], : depth.shape[1]]
    weight = total[4]
    is_covered = weight > 1e-12
    values = total[:4].div_(weight.clamp(min=1e-12))
    return Layer(values[:3], torch.where(is_covered, values[3], depth), is_covered.float())


def levels(
    cells: torch.Tensor, radius: float, backdrop: Backdrop | None
) -> Iterator[tuple[int, torch.Tensor, tuple[int, int]]]:
    """Each level of the pyramid on its first cells (4×h×w), with where the image begins in it."""
    for level in range(1, deepest_level(radius) + 1):
        if backdrop and level >= WHOLE:
            if level - WHOLE < len(backdrop.levels):
                yield level, backdrop.levels[level - WHOLE], backdrop.origin
        elif level == 1:
            yield level, cells, (0, 0)
        elif min(cells.shape[1:]) > 1:
            cells = farther_half(cells)
            yield level, cells, (0, 0)


def deepest_level(radius: float) -> int:
    """The last level of the pyramid: its cells are no larger than the circle of a radius."""
    return max(1, math.ceil(math.log2(2 * radius + 2)) - 1)


def find_backdrop(
    parts: Iterable[tuple[torch.Tensor, torch.Tensor]], radius: float
) -> Backdrop | None:
    """The backdrop of a photo that comes as bands of rows, each of linear light and depth.

    All bands but the last have a multiple of 2^`WHOLE` rows. None where the radius needs none.
    """
    if deepest_level(radius) < WHOLE:
        return None
    bands = []
    for light, depth in parts:
        cells = torch.cat([light, depth[None]])
        for _ in range(WHOLE):
            cells = farther_half(cells)
        bands.append(cells)
    pyramid = [torch.cat(bands, dim=1)]
    while len(pyramid) <= deepest_level(radius) - WHOLE and min(pyramid[-1].shape[1:]) > 1:
        pyramid.append(farther_half(pyramid[-1]))
    return Backdrop(pyramid)


def nearer_half(depth: torch.Tensor) -> torch.Tensor:
    """H×W depth at half the size: the nearest of every 2×2."""
    height, width = depth.shape
    padded = functional.pad(depth[None, None], (0, width % 2, 0, height % 2), mode="replicate")
    return functional.max_pool2d(padded, 2)[0, 0]


def farther_half(cells: torch.Tensor) -> torch.Tensor:
    """4×H×W (light and depth) at half the size; of every 2×2 only the farthest surface counts."""
    height, width = cells.shape[1:]
    padded = functional.pad(cells[None], (0, width % 2, 0, height % 2), mode="replicate")[0]
    four = torch.stack([padded[:, y::2, x::2] for y in (0, 1) for x in (0, 1)])
    farthest = four[:, 3].amin(0)
    weight = (1 - (four[:, 3] - farthest) / DISCONTINUITY).clamp(min=0)[:, None]
    return (four * weight).sum(0) / weight.sum(0)


def add_farther(
    total: torch.Tensor,
    cells: torch.Tensor,
    depth: torch.Tensor,
    level: int,
    origin: tuple[int, int],
) -> None:
    """Add to 5×H×W bilinear sums of light, depth and weight of the cells farther than each pixel.

    `depth`: H×W at half the photo's size; `level`: that of the cells in the pyramid; `origin`: the
    photo's row and column at which the depth begins in the cells.
    """
    factor = 2 ** (level - 1)  # pixels of `depth` that a cell is wide
    rows, columns = (
        (torch.arange(n, device=depth.device) + start // 2 + 0.5) / factor - 0.5
        for n, start in zip(depth.shape, origin, strict=True)
    )
    height, width = cells.shape[1:]
    around = lowest(cells[3], 1).index_select(0, tap(rows, 0, height)[0])
    around = around.index_select(1, tap(columns, 0, width)[0])
    row, column = (depth - around > DISCONTINUITY / 2).nonzero(as_tuple=True)
    own, added, flat = depth[row, column], total.new_zeros(5, len(row)), cells.flatten(1)
    for y in (0, 1):
        i, wy = tap(rows[row], y, height)
        for x in (0, 1):
            j, wx = tap(columns[column], x, width)
            value = flat.index_select(1, i * width + j)
            apart = own - value[3]
            farther = (apart / DISCONTINUITY - 0.5).clamp(0, 0.5) * apart * apart
            weight = wy * wx * farther
            added[:4].addcmul_(value, weight)
            added[4] += weight
    places = row * depth.shape[1] + column
    added *= FALL ** (level - 1)
    total.flatten(1).scatter_add_(1, places.expand_as(added), added)


def tap(places: torch.Tensor, side: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Index and bilinear weight of the cell before (0) or after (1) fractional places."""
    floor = places.floor()
    weight = (places - floor) if side else 1 - (places - floor)
    return (floor.long() + side).clamp(0, size - 1), weight
