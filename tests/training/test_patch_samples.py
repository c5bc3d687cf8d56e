import cv2
import numpy as np
import pytest
import torch

from autofocus.training.data import Item, read_disparity
from autofocus.training.features import token_file
from autofocus.training.patch_samples import Cells, cell_means, stream_cells

SMALL = 18, 24  # cells of a small lying frame


@pytest.fixture
def item(tmp_path):
    """Nearer towards the right, unknown in its upper half; tokens that say the same."""
    label = np.tile(np.linspace(1, 255, 96), (72, 1)).astype(np.uint8)
    label[:36] = 0
    item = Item(tmp_path / "room.webp", tmp_path / "room.png")
    cv2.imwrite(str(item.photo), np.dstack([label] * 3))
    cv2.imwrite(str(item.depth), label)
    tokens = np.broadcast_to(np.linspace(0, 1, SMALL[1], dtype=np.float16), (4, 384, *SMALL))
    (tmp_path / "tokens").mkdir()
    np.save(token_file(tmp_path / "tokens", item), tokens)
    return item


def test_a_cell_holds_the_mean_of_what_is_known(item):
    cells = cell_means(item.depth, read_disparity, SMALL)
    assert torch.isnan(cells[:, :9]).all()
    assert torch.isfinite(cells[:, 9:]).all()
    assert cells[0, -1, -1] == pytest.approx(1, abs=0.05)


def test_without_a_label_nothing_is_known():
    assert torch.isnan(cell_means(None, read_disparity, SMALL)).all()


def test_tokens_and_labels_are_mirrored_together(item, tmp_path):
    samples = [Cells([item], tmp_path / "tokens")[0] for _ in range(20)]
    mirrored = [s["disparity"][0, -1, 0] > s["disparity"][0, -1, -1] for s in samples]
    assert len(set(map(bool, mirrored))) == 2
    for sample in samples:
        tokens = sample["tokens"][0, 0, -1].float()
        assert torch.corrcoef(torch.stack([tokens, sample["disparity"][0, -1]]))[0, 1] > 0.9


def test_batches_are_of_one_shape(item, tmp_path):
    batch = next(stream_cells([item], [1.0], tmp_path / "tokens", 3))
    assert batch["tokens"].shape == (3, 4, 384, *SMALL)
    assert batch["disparity"].shape == batch["mask"].shape == (3, 1, *SMALL)
