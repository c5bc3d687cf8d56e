"""One way to load any version: our networks, and depth models of the `transformers` package.

A depth model gives the depth, relative or metric, which becomes our disparity; the subject is our
default version's. Its repo is pinned to a commit, its weights are safetensors, and no code of the
repo runs.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from autofocus.errors import VersionError
from autofocus.photo import resize, to_bytes
from autofocus.predict import (
    LONGEST,
    Prediction,
    Predictor,
    fill_range,
    pick_dtype,
    predict,
    prepare,
)
from autofocus.upsample import upsample_depth
from autofocus.versions import hub
from autofocus.versions.catalog import NO_PACKAGES, find_version
from autofocus.versions.version import CONFIG, WEIGHTS, Version
from autofocus.versions.weights import load_network, refuse, weights_file

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

PREPROCESSOR = "preprocessor_config.json"
LONG_SIDE = 1536  # pixels of the photo that a depth model is handed; it shrinks it further
NEAREST = 0.05  # metres; nothing in a photo is nearer
INVERSE = "depth_pro"  # its network gives inverse depth, its processor makes metres of that
METRIC = ("chmv2", "depth_pro", "glpn", "tipsv2_dpt", "zoedepth")  # depth in metres
# What transformers raises where files do not make a model.
FAULTS = (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, SafetensorError)

Depth = Callable[[np.ndarray], np.ndarray]  # of a photo


def load_predictor(version: Version, device: torch.device | str = "cpu") -> Predictor:
    """Load a version once, for many photos.

    Args:
        version: one without a problem, see `catalog.find_version`.
        device: where it computes; see `predict.pick_device`.

    Returns:
        A function of a photo (H×W×3 float32 in [0, 1]) → `Prediction` at the photo's size.

    Raises:
        VersionError: its files are missing or damaged, or do not fit each other.
        HubError: it is on the Hub, which does not give it.

    """
    device = torch.device(device)
    if version.is_depth_model:
        subject = load_predictor(find_version(), device)
        return partial(predict_both, load_depth(version, device), subject)
    dtype = pick_dtype(device)
    network = prepare(load_network(version, device), dtype)
    return partial(predict, network, device=device, dtype=dtype)


def predict_both(depth: Depth, subject: Predictor, photo: np.ndarray) -> Prediction:
    """The depth of a depth model, and the subject of one of our versions."""
    return Prediction(depth(photo), subject(photo).saliency)


def load_depth(version: Version, device: torch.device) -> Depth:
    """A depth model → a function of a photo (H×W×3) to its depth: H×W in [0, 1], 1 nearest."""
    try:
        import torchvision  # noqa: F401  # which the processors of transformers are made with
        import transformers
    except ImportError as error:
        raise VersionError(refuse(version, NO_PACKAGES)) from error
    folder = download(version)
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **local)
        metric = is_metric(config)
        if getattr(config, "max_depth", 1) is None:
            config.max_depth = 1  # of relative models; transformers multiplies by it
        check_size(config, folder / WEIGHTS)
        model, told = transformers.AutoModelForDepthEstimation.from_pretrained(
            folder, config=config, use_safetensors=True, output_loading_info=True, **local
        )
        if told["missing_keys"] or told["mismatched_keys"]:
            raise ValueError("weights are missing")
        processor = transformers.AutoImageProcessor.from_pretrained(folder, **local)
    except FAULTS as error:
        reason = f"{CONFIG}, {PREPROCESSOR} and {WEIGHTS} of the repo do not make a depth model"
        raise VersionError(f"{refuse(version, reason)} {first_line(error)}") from error
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        raise VersionError(refuse(version, "some of its weights are not finite numbers"))
    run = partial(run_model, model.to(device).eval(), processor, metric)
    return partial(depth_along_edges, run)


def first_line(error: Exception) -> str:
    """What a library said, as far as it is a sentence for people, without paths."""
    return "" if isinstance(error, OSError) else f"({str(error).strip().partition(chr(10))[0]})"


def download(version: Version) -> Path:
    """The folder in the Hub's cache that holds the three files of a depth model."""
    revision = version.revision
    for file in (CONFIG, PREPROCESSOR):
        hub.fetch(revision.repo, file, revision.commit)
    return weights_file(version).parent


def is_metric(config: "PretrainedConfig") -> bool:
    """Whether a model gives metres; otherwise its output is disparity up to scale and shift."""
    kind = getattr(config, "depth_estimation_type", None)  # of Depth Anything
    if kind in ("relative", "metric"):
        return kind == "metric"
    if config.model_type == "dpt":
        # MiDaS's DPT is relative. DINOv2's, trained in metres, are those that project.
        return bool(config.add_projection)
    if config.model_type not in METRIC:
        raise ValueError(f"it is not known whether a {config.model_type} gives metres")
    return True


def check_size(config: "PretrainedConfig", weights: Path) -> None:
    """ValueError if a config describes a larger network than its file has numbers for."""
    from transformers import AutoModelForDepthEstimation

    with torch.device("meta"):
        network = AutoModelForDepthEstimation.from_config(config)
    with safe_open(weights, framework="pt") as tensors:
        shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    if sum(p.numel() for p in network.parameters()) > sum(int(np.prod(s)) for s in shapes):
        raise ValueError("weights are missing")


def depth_along_edges(run: Depth, photo: np.ndarray) -> np.ndarray:
    """What a model makes of a photo, as our depth: H×W float32 in [0, 1], 1 nearest."""
    seen = resize(photo, seen_size(*photo.shape[:2]))
    return fill_range(upsample_depth(fill_range(run(seen)), seen, photo))


def seen_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which a depth model is handed a photo; no panorama is a thin line."""
    scale = min(1.0, LONG_SIDE / max(height, width))
    least = max(height, width) * scale / LONGEST
    return tuple(max(1, round(max(side * scale, least))) for side in (height, width))


@torch.inference_mode()
def run_model(
    model: "PreTrainedModel", processor: object, metric: bool, photo: np.ndarray
) -> np.ndarray:
    """One forward; h×w×3 → h×w float32: disparity up to scale and shift, larger is nearer.

    Metres become their reciprocal before they are resized, or every boundary would ring.
    """
    size, kind = photo.shape[:2], model.config.model_type
    inputs = processor(images=to_bytes(photo), return_tensors="pt").to(model.device)
    made = model(**inputs)
    if metric and kind != INVERSE:
        made.predicted_depth = 1 / made.predicted_depth.clamp(min=NEAREST)
    options = {"source_sizes": [size]} if kind == "zoedepth" else {}
    made = processor.post_process_depth_estimation(made, target_sizes=[size], **options)
    values = made[0]["predicted_depth"].reshape(size).float()
    if kind == INVERSE:
        values = 1 / values
    if not torch.isfinite(values).all():
        raise VersionError("The depth that this model sees in the photo is not finite.")
    return np.ascontiguousarray(values.cpu().numpy())
