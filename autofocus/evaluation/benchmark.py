"""The program's times and its memory, each beside a baseline of the same minute.

    python -m autofocus.evaluation.benchmark
    python -m autofocus.evaluation.benchmark --only predict --rounds 7

Two things that are compared run in turns, so that what else the machine does falls on both: only
the ratio counts. The photo and the scene are drawn; `docs/performance.md` has what came out.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from autofocus.evaluation.evaluate import choose_version
from autofocus.evaluation.lens_baselines import back_to_front
from autofocus.evaluation.vit_dpt import VitDpt
from autofocus.network import PATCH
from autofocus.photo import read_photo, write_photo
from autofocus.predict import ENOUGH, arithmetic, pick_device, pick_dtype, predict_photo
from autofocus.render import Lens, circle_scale, render
from autofocus.versions.models import load_predictor

MEGAPIXELS = 12
LARGE = 50  # megapixels of the photo whose memory is measured
DPT_SHORT_SIDE = 518
FOCUS = 0.7
PROGRAM = [sys.executable, "-m", "autofocus"]

Row = tuple[str, str]  # what was measured, and what came out


def draw_photo(megapixels: float) -> np.ndarray:
    """H×W×3 float32 in [0, 1], 4:3, with structure at every scale."""
    draw = np.random.default_rng(0)
    height = round(math.sqrt(megapixels * 1e6 * 3 / 4))
    size = (round(height * 4 / 3), height)
    photo = np.zeros((*size[::-1], 3), np.float32)
    for cells in (4, 16, 64, 256):
        noise = draw.random((cells * 3 // 4, cells, 3), np.float32)
        photo += cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC) / 4
    return photo.clip(0, 1)


def draw_depth(size: tuple[int, int]) -> np.ndarray:
    """H×W float32 in [0, 1]: the ground from far to near, and two discs that stand on it."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    depth = 0.6 * rows / size[0]
    for x, y, near in ((0.3, 0.5, 0.7), (0.7, 0.6, 1.0)):
        distance = np.hypot(rows - y * size[0], columns - x * size[1])
        depth[distance < 0.2 * size[0]] = near
    return depth


def ours(name: str, path: Path, device: torch.device) -> Callable[[], object]:
    """The app's way: file to both maps at the photo's size."""
    predictor = load_predictor(choose_version(name), device)
    return lambda: predict_photo(predictor, read_photo(path, enough=ENOUGH))


def vit_dpt(path: Path, device: torch.device) -> Callable[[], object]:
    """The same for a ViT-S/14 with DPT at 518 pixels: file to one map at the photo's size."""
    dtype = pick_dtype(device)
    network = VitDpt().to(device, memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def run() -> None:
        photo = read_photo(path).pixels
        scale = DPT_SHORT_SIDE / min(photo.shape[:2])
        height, width = (round(s * scale / PATCH) * PATCH for s in photo.shape[:2])
        small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
        batch = torch.from_numpy(small).permute(2, 0, 1)[None].to(device)
        with arithmetic(device, dtype):
            depth = network(batch)
        cv2.resize(depth[0, 0].float().cpu().numpy(), photo.shape[1::-1])

    return run


def interleaved(functions: list[Callable], rounds: int) -> list[float]:
    """Median seconds of functions that take turns, after one turn to warm up."""
    times: list[list[float]] = [[] for _ in functions]
    for number in range(rounds + 1):
        for function, seconds in zip(functions, times, strict=True):
            started = time.perf_counter()
            function()
            if number:
                seconds.append(time.perf_counter() - started)
    return [float(np.median(seconds)) for seconds in times]


def compare(what: str, mine: float, beside: str, theirs: float) -> Row:
    """A row of the table."""
    return what, f"{mine:.2f} s, {beside} {theirs:.2f} s: {mine / theirs:.2f}×"


def predict_rows(rounds: int, folder: Path) -> Iterator[Row]:
    """A JPEG to both maps, by each bundled version."""
    path, device = folder / "photo.jpg", pick_device()
    write_photo(draw_photo(MEGAPIXELS), path)
    names = ("dinov2-s", "resnet")
    functions = [*(ours(name, path, device) for name in names), vit_dpt(path, device)]
    *mine, theirs = interleaved(functions, rounds)
    for name, seconds in zip(names, mine, strict=True):
        what = f"`{name}`, {MEGAPIXELS} MP JPEG to both maps"
        yield compare(what, seconds, "ViT-S/14 + DPT at 518", theirs)


def start_rows(rounds: int, folder: Path) -> Iterator[Row]:
    """Programs that are started anew."""
    path = folder / "small.jpg"
    write_photo(draw_photo(0.3), path)
    predict = [*PROGRAM, "predict", str(path), "--output", str(folder)]
    python = [sys.executable, "-c"]
    for what, command, beside, other in (
        ("`autofocus --help`", [*PROGRAM, "--help"], "`python -c pass`", [*python, "pass"]),
        ("`autofocus predict`", predict, "`import torch`", [*python, "import torch"]),
    ):
        mine, theirs = interleaved([starter(command), starter(other)], rounds)
        yield compare(what, mine, beside, theirs)


def starter(command: list[str]) -> Callable[[], object]:
    """Something that runs a command and wants no word of it."""
    return partial(subprocess.run, command, check=True, capture_output=True)


def lens_rows(rounds: int, folder: Path) -> Iterator[Row]:
    """The lens beside 32 planes, at two sizes, and beside itself with larger circles."""
    for megapixels in (1, MEGAPIXELS):
        mine, theirs = interleaved(
            [lens(megapixels, 24), planes(megapixels, 24)], rounds if megapixels < 2 else 1
        )
        what = f"lens, circles of 24 px, {megapixels} MP"
        yield compare(what, mine, "32 planes back to front", theirs)
    small, large = interleaved([lens(MEGAPIXELS, 24), lens(MEGAPIXELS, 96)], 1)
    yield compare(f"lens, circles of 96 px, {MEGAPIXELS} MP", large, "at 24 px", small)


def lens(megapixels: float, circle: float) -> Callable[[], object]:
    """Our lens on the drawn scene; its largest circles have this radius in pixels."""
    photo = draw_photo(megapixels)
    depth = draw_depth(photo.shape[:2])
    f_stop = circle_scale(depth.shape, 1.0) * FOCUS * Lens(f_stop=1.0).aperture / circle
    return partial(render, photo, depth, Lens(FOCUS, f_stop=f_stop, highlights=0))


def planes(megapixels: float, circle: float) -> Callable[[], object]:
    """32 planes on the same scene."""
    photo = draw_photo(megapixels)
    depth = draw_depth(photo.shape[:2])
    aperture = circle / FOCUS / math.hypot(*depth.shape)
    return partial(back_to_front, photo, depth, FOCUS, aperture)


def memory_rows(rounds: int, folder: Path) -> Iterator[Row]:
    """The most memory that refocusing a large photo takes."""
    path = folder / "large.jpg"
    write_photo(draw_photo(LARGE), path)
    floats = LARGE * 1e6 * 3 * 4
    output = ["--output", str(folder / "refocused.jpg"), "--f-stop", "1.4"]
    child = subprocess.Popen([*PROGRAM, "refocus", str(path), *output])  # noqa: S603
    _, status, usage = os.wait4(child.pid, 0)
    peak = usage.ru_maxrss * 1024
    what = f"peak memory, `refocus` of {LARGE} MP at f/1.4"
    ratio = f"the photo in floats {floats / 1e9:.1f} GB: {peak / floats:.1f}×"
    yield what, f"{peak / 1e9:.1f} GB, {ratio}" if not status else "failed"


PARTS = {"predict": predict_rows, "start": start_rows, "lens": lens_rows, "memory": memory_rows}


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"| what | {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for part in options.only:
            for what, said in PARTS[part](options.rounds, Path(folder)):
                print(f"| {what} | {said} |", flush=True)


if __name__ == "__main__":
    main()
