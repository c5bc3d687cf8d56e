import pytest
import torch

from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.training.teacher import with_teacher
from tests.conftest import TINY


@pytest.fixture(scope="module")
def teacher():
    torch.manual_seed(0)
    return AutoFocusNet(NetworkConfig("dinov2-s", TINY.widths)).eval()


@pytest.fixture
def clean_batch(batch):
    """The second photo has neither depth nor mask."""
    batch = {name: value.clone() for name, value in batch.items() if name != "features"}
    batch["disparity"][1] = batch["mask"][1] = torch.nan
    batch["exact"][:], batch["pseudo"][:], batch["soft"][:] = True, False, False
    return {**batch, "clean": batch["photo"].clone()}


def taught(batch, teacher):
    return next(with_teacher(iter([batch]), teacher))


def test_what_labels_lack_is_the_teachers_and_says_so(clean_batch, teacher):
    depth, saliency = teacher(clean_batch["clean"])
    found = taught(dict(clean_batch), teacher)
    both = torch.stack([found["disparity"][1].flatten(), depth[1].flatten()])
    assert torch.corrcoef(both)[0, 1] > 0.999
    assert torch.allclose(found["mask"][1], saliency[1], atol=0.02)
    assert found["pseudo"].tolist() == found["soft"].tolist() == [False, True]
    assert found["exact"].tolist() == [True, False]


def test_a_label_that_is_there_stays(clean_batch, teacher):
    clean_batch["disparity"][0, :, :10] = torch.nan  # where nothing was measured
    found = taught(dict(clean_batch), teacher)
    for name in ("disparity", "mask"):
        assert torch.equal(found[name][0].nan_to_num(), clean_batch[name][0].nan_to_num())


def test_features_are_those_of_the_clean_photo(clean_batch, teacher):
    found = taught(dict(clean_batch), teacher)
    assert found["features"].shape == (2, 384, 4, 6) and "clean" not in found
    dark = {**clean_batch, "photo": torch.zeros_like(clean_batch["photo"])}
    assert torch.equal(taught(dark, teacher)["features"], found["features"])
