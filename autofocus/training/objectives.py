"""What the stages minimise: each takes a batch and gives its losses by name.

Joint         depth and subject together, all layers learning
FineTuning    the same for a network on DINOv2, which is pre-trained
Student       the same with feature distillation, for the article's network
SaliencyHead  everything frozen but the saliency head, as in the article
"""

import torch
from torch import Tensor, nn

from autofocus.network import DECODED_CHANNELS, AutoFocusNet, upsample
from autofocus.training.config import TrainConfig
from autofocus.training.features import FeatureDistillation
from autofocus.training.fine_tuning import set_drop_path
from autofocus.training.losses import depth_loss, person_loss, relative_loss, saliency_loss

Losses = dict[str, Tensor]


class CoarseNetwork(AutoFocusNet):
    """A network without the decoder's last step, read at stride 4 by auxiliary heads.

    Most of the work lies in that step and the heads, so that a coarse stage sees more than twice
    as many photos in the same time. The rest learns inside `whole`, whose own heads wait.
    """

    def __init__(self, whole: AutoFocusNet):
        nn.Module.__init__(self)
        self.config = whole.config
        self.whole = whole
        self.depth_head = nn.Conv2d(self.config.widths[1], 1, 3, padding=1)
        self.saliency_head = nn.Conv2d(self.config.widths[1], 1, 3, padding=1)

    @property
    def encoder(self) -> nn.Module:
        """The whole network's."""
        return self.whole.encoder

    def normalise(self, photo: Tensor) -> Tensor:
        """As the whole network does."""
        return self.whole.normalise(photo)

    def decode(self, photo: Tensor) -> Tensor:
        """Photo B×3×H×W in [0, 1] → B×widths[1]×h/4×w/4."""
        return decode(self, self.encoder(self.normalise(photo)))


def decode(network: AutoFocusNet, maps: list[Tensor]) -> Tensor:
    """The encoder's five maps → the decoder's map that the network's heads read."""
    if isinstance(network, CoarseNetwork):
        return network.whole.decoder.coarse(maps)
    return network.decoder(maps)


def decoded_channels(network: AutoFocusNet) -> int:
    """How many channels the network's heads read."""
    return network.config.widths[1] if isinstance(network, CoarseNetwork) else DECODED_CHANNELS


def whole_network(network: AutoFocusNet) -> AutoFocusNet:
    """The network with its own heads, which is what a run hands on."""
    return network.whole if isinstance(network, CoarseNetwork) else network


class Joint(nn.Module):
    """Depth and subject from one decoder."""

    def __init__(self, network: AutoFocusNet, config: TrainConfig):
        super().__init__()
        self.network = network
        self.config = config

    def forward(self, batch: dict[str, Tensor]) -> Losses:
        """Batch of `Samples` → losses."""
        maps = self.network.encoder(self.network.normalise(batch["photo"]))
        return self.losses(decode(self.network, maps), batch)

    def losses(self, decoded: Tensor, batch: dict[str, Tensor]) -> Losses:
        """What depth and saliency, read from the decoder's map, cost at the labels' size."""
        size, config = batch["photo"].shape[-2:], self.config
        depth = upsample(self.network.depth_head(decoded), size)
        saliency = upsample(self.network.saliency_head(decoded), size)
        edges = torch.where(batch["exact"], config.weight_exact_gradient, config.weight_gradient)
        target, pseudo = batch["disparity"], batch["pseudo"]
        person = person_loss(depth, batch["mask"], batch["person"])
        return {
            "depth": depth_loss(depth, target, edges, pseudo),
            "relative": config.weight_relative * relative_loss(depth, target, pseudo),
            "saliency": config.weight_saliency * weighted_saliency(saliency, batch, config),
            "person": config.weight_person * person,
        }


class FineTuning(Joint):
    """Pre-trained layers go on learning; batch-norm statistics stay, the batches being small."""

    def __init__(self, network: AutoFocusNet, config: TrainConfig):
        super().__init__(network, config)
        backbone = network.encoder.backbone
        set_drop_path(backbone, config.drop_path)
        if config.torch_device.type == "cpu":
            for block in backbone.blocks:
                block.attn.fused = False  # a step takes a sixth less time there

    def train(self, mode: bool = True) -> "FineTuning":
        """The backbone alone, which has no batch norm, goes into training mode."""
        super().train(False)
        self.network.encoder.backbone.train(mode)
        return self


class Student(Joint):
    """A network on a ResNet that also learns to predict a teacher's features."""

    def __init__(self, network: AutoFocusNet, config: TrainConfig):
        super().__init__(network, config)
        channels = (*network.encoder.channels[-2:], decoded_channels(network))
        self.features = FeatureDistillation(channels)

    def forward(self, batch: dict[str, Tensor]) -> Losses:
        """Batch of `Samples` with the teacher's features → losses."""
        maps = self.network.encoder(self.network.normalise(batch["photo"]))
        decoded = decode(self.network, maps)
        features = self.features(maps, decoded, batch["features"])
        losses = self.losses(decoded, batch)
        return {**losses, "features": self.config.weight_features * features}


class SaliencyHead(nn.Module):
    """The saliency head alone; batch-norm statistics stay as they are too."""

    def __init__(self, network: AutoFocusNet, config: TrainConfig):
        super().__init__()
        self.network = network
        self.config = config
        network.requires_grad_(False)
        network.saliency_head.requires_grad_(True)

    def train(self, mode: bool = True) -> "SaliencyHead":
        """Only the head goes into training mode."""
        super().train(False)
        self.network.saliency_head.train(mode)
        return self

    def forward(self, batch: dict[str, Tensor]) -> Losses:
        """Batch of `Samples` → its loss."""
        with torch.no_grad():
            decoded = self.network.decode(batch["photo"])
        logits = upsample(self.network.saliency_head(decoded), batch["photo"].shape[-2:])
        return {"saliency": weighted_saliency(logits, batch, self.config)}


def weighted_saliency(logits: Tensor, batch: dict[str, Tensor], config: TrainConfig) -> Tensor:
    """Binary cross-entropy, in which masks that a network made count less."""
    weights = torch.where(batch["soft"], config.label_weight_soft, 1.0)
    return saliency_loss(logits, batch["mask"], weights)
