import pytest
import torch

from autofocus.network import AutoFocusNet
from autofocus.training.config import TrainConfig
from tests.conftest import TINY


@pytest.fixture
def network():
    torch.manual_seed(0)
    return AutoFocusNet(TINY)


@pytest.fixture
def config(tmp_path):
    """Few steps of small batches on the CPU."""
    return TrainConfig(
        data=(tmp_path / "data",),
        runs=tmp_path / "runs",
        device="cpu",
        workers=0,
        steps=12,
        batch=2,
        accumulate=1,
        size=(64, 96),
        rate=3e-3,
        warmup=2,
        save_every=6,
        validate_every=6,
        log_every=2,
        keep="score",
    )


@pytest.fixture
def batch():
    """Two photos with a bright near square; the second one's depth is a network's."""
    torch.manual_seed(1)
    mask = torch.zeros(2, 1, 64, 96)
    mask[:, :, 20:40, 30:60] = 1
    return {
        "photo": torch.rand(2, 3, 64, 96) * 0.3 + 0.6 * mask,
        "disparity": 0.2 + 0.6 * mask,
        "mask": mask,
        "exact": torch.tensor([True, False]),
        "pseudo": torch.tensor([False, True]),
        "soft": torch.tensor([False, True]),
        "person": torch.tensor([True, False]),
        "features": torch.randn(2, 384, 4, 6),
    }
