"""What fine-tuning does to the backbone: a lower rate for earlier layers, and drop path."""

from torch import nn
from torchvision.ops import StochasticDepth

from autofocus.training.config import TrainConfig


def parameter_groups(model: nn.Module, config: TrainConfig) -> list[dict]:
    """The parameters that learn, in groups of one peak rate each.

    Returns:
        Groups for an optimiser, with `peak` (learning rate) and `head` (whether it is a head's).

    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            key = config.rate * rate_factor(name, model, config), is_head(name)
            groups.setdefault(key, []).append(parameter)
    return [{"params": p, "peak": peak, "head": head} for (peak, head), p in groups.items()]


def rate_factor(name: str, model: nn.Module, config: TrainConfig) -> float:
    """The rate of a parameter over the highest of the pre-trained layers."""
    if is_head(name):
        return config.head_factor
    _, inside, part = name.partition("encoder.")
    if not inside:
        return config.decoder_factor
    backbone = getattr(model.network.encoder, "backbone", None)
    if backbone is None:  # a ResNet's is all of it
        return 1.0
    if not part.startswith("backbone."):
        return config.decoder_factor
    return layer_factor(part.removeprefix("backbone."), len(backbone.blocks), config)


def layer_factor(name: str, blocks: int, config: TrainConfig) -> float:
    """The rate of a vision transformer's parameter over that of its last block."""
    if name.startswith("blocks."):
        return config.layer_decay ** (blocks - 1 - int(name.split(".")[1]))
    return 1.0 if name.startswith("norm.") else config.layer_decay**blocks


def is_head(name: str) -> bool:
    """Whether a parameter is one of a head's."""
    return "_head." in name


def set_drop_path(backbone: nn.Module, chance: float) -> None:
    """Let a vision transformer leave out its blocks at random while it trains (1603.09382).

    Args:
        backbone: a `VisionTransformer`.
        chance: of leaving out the last block; it grows evenly from 0 at the first.

    """
    last = max(1, len(backbone.blocks) - 1)
    for index, block in enumerate(backbone.blocks):
        block.drop_path1 = StochasticDepth(chance * index / last, "row")
        block.drop_path2 = StochasticDepth(chance * index / last, "row")
