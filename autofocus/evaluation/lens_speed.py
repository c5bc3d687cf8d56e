"""Time the lens beside baselines, on one image at several sizes, in one run.

    python -m autofocus.evaluation.lens_speed ../shared/data/lens/scene2 --megapixels 0.8 1 12

Seconds of one call, by the clock and with all of the machine's threads; the largest circle of
confusion is the same in all sizes. Nothing else should be running.
"""

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path

import cv2

from autofocus.evaluation.lens import OURS, renderers
from autofocus.evaluation.lens_scenes import Case, read_cases


def resized(case: Case, megapixels: float, circle: float) -> Case:
    """The case at another size, its largest circle of confusion `circle` pixels in radius."""
    scale = math.sqrt(megapixels * 1e6 / case.depth.size)
    size = tuple(round(side * scale) for side in case.depth.shape[::-1])
    photo = cv2.resize(case.photo, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    depth = cv2.resize(case.depth, size, interpolation=cv2.INTER_NEAREST_EXACT)
    farthest = max(case.focus - float(depth.min()), float(depth.max()) - case.focus)
    aperture = circle / math.hypot(*size) / farthest
    return replace(case, photo=photo, depth=depth, truth=photo, aperture=aperture, blades=0)


def seconds(render: object, case: Case) -> float:
    """The time of one call."""
    started = time.perf_counter()
    render(case)
    return time.perf_counter() - started


def main() -> None:
    """Print a table: one row a renderer, one column a size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a scene; its first image is taken")
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.8, 1, 12])
    parser.add_argument("--circle", type=float, default=24, help="largest radius in pixels")
    parser.add_argument("--only", choices=["all", "ours"], default="all")
    options = parser.parse_args()
    first = read_cases(options.folder)[0]
    cases = [resized(first, size, options.circle) for size in options.megapixels]
    methods = renderers(options.only)
    methods[OURS](resized(first, 0.05, options.circle))  # so that nothing is loaded while timed
    print("| seconds at | " + " | ".join(f"{m:g} MP" for m in options.megapixels) + " |")
    print("|---|" + "---|" * len(cases))
    for name, method in methods.items():
        cells = [f"{seconds(method, case):.2f}" for case in cases]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
