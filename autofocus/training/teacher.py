"""What a student learns from a stronger version: its features, and its maps where labels lack."""

import torch
from torch import Tensor

from autofocus.network import AutoFocusNet
from autofocus.predict import arithmetic, pick_dtype
from autofocus.training.samples import Batches
from autofocus.vision_transformer import CHANNELS as DINOV2_CHANNELS


def with_teacher(batches: Batches, teacher: AutoFocusNet) -> Batches:
    """Add what the teacher, in evaluation mode and on DINOv2, says of the clean photos.

    `features`, B×384×H/16×W/16, are its last patch features. A photo without depth or without a
    mask gets the teacher's, and is then flagged as `pseudo`, or as `soft`.
    """
    for batch in batches:
        features, depth, saliency = ask(teacher, batch.pop("clean"))
        taught = {**batch, "features": features}
        fill(taught, "disparity", depth, "pseudo")
        fill(taught, "mask", saliency, "soft")
        taught["exact"] = batch["exact"] & (taught["pseudo"] == batch["pseudo"])
        yield taught


@torch.no_grad()
def ask(teacher: AutoFocusNet, photo: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Photo B×3×H×W in [0, 1] → features, and depth and saliency as the network gives them."""
    device = teacher.mean.device
    with arithmetic(device, pick_dtype(device)):
        normal = teacher.normalise(photo.to(device))
        layers = teacher.encoder.patch_features(normal)
        decoded = teacher.decoder(teacher.encoder.assemble(normal, layers))
        depth, saliency = teacher.read(decoded, photo.shape[-2:])
    return layers[:, -DINOV2_CHANNELS:].float(), depth.cpu(), saliency.cpu()


def fill(batch: dict[str, Tensor], name: str, taught: Tensor, flag: str) -> None:
    """Give the photos whose label is unknown everywhere the taught one, and set their flag."""
    unknown = batch[name].isnan().flatten(1).all(dim=1)
    batch[name] = torch.where(unknown.view(-1, 1, 1, 1), taught, batch[name])
    batch[flag] = batch[flag] | unknown
