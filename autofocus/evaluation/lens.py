"""Measure the lens on ray-traced scenes, beside baselines, in one run.

    python -m autofocus.evaluation.lens ../shared/data/lens --differences differences.png

PSNR and SSIM in sRGB: overall; in the edge band (within the largest circle's radius of a depth
discontinuity above 0.05); there without the pixels that clipped light reaches; in focus. Means over
all images.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from autofocus.evaluation.image_quality import psnr, ssim
from autofocus.evaluation.lens_baselines import BASELINES
from autofocus.evaluation.lens_scenes import Case, read_cases
from autofocus.files.atomic import write_image, write_text
from autofocus.lens.lens import f_stop_of
from autofocus.render import Lens, render

Renderer = Callable[[Case], np.ndarray]
COLUMNS = ("psnr", "ssim", "edge", "dim_edge", "in_focus", "s_per_mp")
TITLES = ("PSNR", "SSIM", "edge band", "edge band, dim", "in focus", "s/MP")
OURS = "this renderer"
CONTRAST = 4  # of differences in the image


def renderers(wanted: str, highlights: float | None = None) -> dict[str, Renderer]:
    """This renderer and the baselines: "all", or only "ours"."""
    every: dict[str, Renderer] = {}
    if wanted == "all":
        every = {name: plain(method) for name, method in BASELINES.items()}
    return every | {OURS: lambda case: ours(case, highlights)}


def plain(method: Callable[..., np.ndarray]) -> Renderer:
    """A baseline as a renderer of cases."""
    return lambda case: method(case.photo, case.depth, case.focus, case.aperture)


def ours(case: Case, highlights: float | None) -> np.ndarray:
    """The project's lens, with its default highlights unless told."""
    lens = case_lens(case)
    if highlights is not None:
        lens = replace(lens, highlights=highlights)
    return render(case.photo, case.depth, lens)


def case_lens(case: Case) -> Lens:
    """The lens that a case was photographed with."""
    return Lens(
        case.focus,
        f_stop=f_stop_of(case.aperture),
        blades=case.blades,
        rotation=case.rotation,
    )


def scores(image: np.ndarray, case: Case) -> dict[str, float]:
    """The figures of one image, as 8-bit files would have them."""
    shown = np.round(np.clip(image, 0, 1) * 255) / 255
    return {
        "psnr": psnr(shown, case.truth),
        "ssim": ssim(shown, case.truth),
        "edge": psnr(shown, case.truth, case.edge_band),
        "dim_edge": psnr(shown, case.truth, case.edge_band & ~case.lit),
        "in_focus": psnr(shown, case.truth, case.in_focus),
    }


def measure(renderer: Renderer, cases: list[Case]) -> tuple[dict[str, dict], list[np.ndarray]]:
    """Scores by case name, with seconds per megapixel, and the images."""
    figures, images = {}, []
    for case in cases:
        start = time.perf_counter()
        image = renderer(case)
        seconds = time.perf_counter() - start
        speed = {"s_per_mp": seconds / case.depth.size * 1e6}
        figures[case.name] = scores(image, case) | speed
        images.append(image)
    return figures, images


def mean(figures: dict[str, dict]) -> dict[str, float]:
    """The mean of every column over the cases where it is defined."""
    return {c: float(np.nanmean([row[c] for row in figures.values()])) for c in COLUMNS}


def table(rows: dict[str, dict[str, float]]) -> str:
    """Rows of figures as a Markdown table."""
    lines = [f"| renderer | {' | '.join(TITLES)} |", "|---|" + "---|" * len(TITLES)]
    for name, row in rows.items():
        cells = [f"{row[c]:.4f}" if c == "ssim" else f"{row[c]:.2f}" for c in COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def differences(cases: list[Case], images: dict[str, list[np.ndarray]]) -> np.ndarray:
    """One row a case: the truth, then each renderer's difference ×4 around grey."""
    rows = []
    for i, case in enumerate(cases):
        errors = [0.5 + CONTRAST * (made[i] - case.truth) for made in images.values()]
        rows.append(np.hstack([case.truth, *errors]))
    return np.clip(np.vstack(rows), 0, 1)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --differences and --output write images and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder of scenes")
    parser.add_argument("--only", choices=["all", "ours"], default="all")
    parser.add_argument("--highlights", type=float, help="the lens's highlight strength")
    parser.add_argument("--each", action="store_true", help="also a table of every image")
    parser.add_argument("--differences", type=Path, help="where to write them as an image")
    parser.add_argument("--output", type=Path, help="where to write all figures as JSON")
    parser.add_argument("--threads", type=int, help="CPU threads to use")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
        cv2.setNumThreads(options.threads)
    try:
        report(options, read_cases(options.folder))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def report(options: argparse.Namespace, cases: list[Case]) -> None:
    """Measure every renderer on the cases and show what came out."""
    figures, images = {}, {}
    for name, renderer in renderers(options.only, options.highlights).items():
        figures[name], images[name] = measure(renderer, cases)
    print(table({name: mean(rows) for name, rows in figures.items()}))
    if options.each:
        print(f"\n{table(figures[OURS])}")
    if options.differences:
        image = np.round(differences(cases, images) * 255).astype(np.uint8)
        write_image(options.differences, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if options.output:
        write_text(options.output, json.dumps(figures, indent=1))


if __name__ == "__main__":
    sys.exit(main())
