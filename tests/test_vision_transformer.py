import torch
from torch import nn

from autofocus.vision_transformer import BLOCKS, CHANNELS, GRID, PATCH, VisionTransformer

LAYERS = (2, 5, 8, 11)


def random_transformer() -> VisionTransformer:
    """One whose every block counts: at first a block's factor is almost nothing."""
    torch.manual_seed(0)
    transformer = VisionTransformer().eval()
    for block in transformer.blocks:
        nn.init.normal_(block.ls1.gamma, std=0.3)
        nn.init.normal_(block.ls2.gamma, std=0.3)
    return transformer


def random_photo(height: int = 42, width: int = 70) -> torch.Tensor:
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_each_layer_gives_one_feature_for_each_patch():
    features = random_transformer()(random_photo(), LAYERS)
    assert [f.shape for f in features] == [(2, CHANNELS, 3, 5)] * len(LAYERS)


@torch.inference_mode()
def test_a_layer_is_the_same_whatever_is_asked_for_beside_it():
    transformer, photo = random_transformer(), random_photo()
    [alone] = transformer(photo, (5,))
    assert torch.equal(alone, transformer(photo, LAYERS)[1])


@torch.inference_mode()
def test_every_block_changes_the_features():
    transformer, photo = random_transformer(), random_photo()
    features = transformer(photo, range(BLOCKS))
    for before, after in zip(features, features[1:], strict=False):
        assert not torch.allclose(before, after, atol=1e-3)


@torch.inference_mode()
def test_features_have_the_scale_of_the_last_norm():
    [features] = random_transformer()(random_photo(), (11,))
    assert torch.allclose(features.mean(1), torch.zeros(()), atol=1e-5)
    assert torch.allclose(features.var(1, correction=0), torch.ones(()), atol=1e-3)


@torch.inference_mode()
def test_attention_by_plain_products_is_the_fused_one():
    transformer, photo = random_transformer(), random_photo()
    fused = transformer(photo, LAYERS)
    for block in transformer.blocks:
        block.attn.fused = False
    for one, other in zip(fused, transformer(photo, LAYERS), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@torch.inference_mode()
def test_positions_are_the_learnt_ones_at_the_learnt_size():
    transformer = random_transformer()
    assert transformer.positions((GRID, GRID)) is transformer.pos_embed


@torch.inference_mode()
def test_positions_of_another_size_run_the_same_way():
    transformer = random_transformer()
    ramp = torch.linspace(0, 1, GRID)
    transformer.pos_embed[0, 1:] = ramp.repeat(GRID)[:, None]  # grows from left to right
    rows = transformer.positions((4, 6))[0, 1:, 0].view(4, 6)
    assert torch.allclose(rows, rows[:1].expand(4, 6), atol=1e-6)
    assert (rows.diff(dim=1) > 0).all()


@torch.inference_mode()
def test_what_a_patch_shows_moves_its_own_feature_most():
    transformer, photo = random_transformer(), random_photo()
    changed = photo.clone()
    changed[..., PATCH : 2 * PATCH, 2 * PATCH : 3 * PATCH] += 3  # the patch at row 1, column 2
    [before], [after] = transformer(photo, (0,)), transformer(changed, (0,))
    moved = (after - before).square().sum(1)
    assert all(int(m.argmax()) == 1 * 5 + 2 for m in moved)
