"""What training does to photos: views of them for photo and labels alike, then colours."""

import torch
from torchvision.transforms import v2

from autofocus.training.config import TrainConfig

BLUR_KERNEL = 11  # pixels


def random_view(config: TrainConfig, size: tuple[int, int]) -> v2.Transform:
    """The whole photo or a crop of it, mirrored or not, at a height and width.

    For tv_tensors: an `Image` is resized smoothly, a `Mask` (the depth) to its nearest pixels.
    """
    aspect = size[1] / size[0]
    whole = v2.Resize(size, antialias=True)
    crop = v2.RandomResizedCrop(
        size,
        scale=(config.smallest_crop, 1.0),
        ratio=(aspect / config.aspect_change, aspect * config.aspect_change),
        antialias=True,
    )
    which = v2.RandomChoice([whole, crop], p=[config.whole_chance, 1 - config.whole_chance])
    return v2.Compose([which, v2.RandomHorizontalFlip()])


def random_colours(config: TrainConfig) -> v2.Transform:
    """Other colours, now and then blur, noise or no colour at all; uint8 → float32 in [0, 1]."""
    blur = v2.GaussianBlur(BLUR_KERNEL, config.blur_sigma)
    noise = v2.GaussianNoise(sigma=config.noise_sigma)
    return v2.Compose(
        [
            v2.ColorJitter(*config.jitter),
            v2.RandomGrayscale(config.grey_chance),
            v2.RandomApply([blur], config.blur_chance),
            to_float(),
            v2.RandomApply([noise], config.noise_chance),
        ]
    )


def to_float() -> v2.Transform:
    """uint8 → float32 in [0, 1]."""
    return v2.ToDtype(torch.float32, scale=True)
