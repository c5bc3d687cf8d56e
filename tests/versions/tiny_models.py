"""Depth models of transformers with a few thousand random weights each."""

import torch
import transformers

WIDE = 0.3  # deviation of the weights: with the usual 0.02 all depths are the same
VIT = {  # the shape of a vision transformer that the models below hold
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 64,
    "initializer_range": WIDE,
}


def backbone(patch_size=14, image_size=56, **options):
    return transformers.Dinov2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=image_size,
        patch_size=patch_size,
        initializer_range=WIDE,
        **options,
    )


def stages():
    """A backbone that hands out its two layers as maps."""
    return backbone(out_indices=[1, 2], reshape_hidden_states=False, apply_layernorm=True)


def depth_anything(kind):
    config = transformers.DepthAnythingConfig(
        backbone_config=stages(),
        reassemble_hidden_size=16,
        reassemble_factors=[1, 0.5],
        neck_hidden_sizes=[8, 8],
        fusion_hidden_size=8,
        head_hidden_size=4,
        depth_estimation_type=kind,
        max_depth=20 if kind == "metric" else 1,
        initializer_range=WIDE,
    )
    size = {"height": 56, "width": 56}
    processor = transformers.DPTImageProcessor(
        size=size, keep_aspect_ratio=True, ensure_multiple_of=14
    )
    return transformers.DepthAnythingForDepthEstimation(config), processor


def dpt():
    config = transformers.DPTConfig(
        **VIT,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
    )
    processor = transformers.DPTImageProcessor(size={"height": 64, "width": 64})
    return transformers.DPTForDepthEstimation(config), processor


def zoedepth():
    config = transformers.ZoeDepthConfig(
        backbone_config=transformers.BeitConfig(
            **VIT, out_indices=[1, 2, 3, 4], reshape_hidden_states=False
        ),
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        bottleneck_features=8,
        bin_embedding_dim=8,
        num_relative_features=8,
        num_attractors=[4, 2, 2, 1],
        bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
        initializer_range=WIDE,
    )
    processor = transformers.ZoeDepthImageProcessor(size={"height": 64, "width": 64})
    return transformers.ZoeDepthForDepthEstimation(config), processor


def depth_pro():
    parts = {
        f"{part}_model_config": backbone(patch_size=8, image_size=32)
        for part in ("image", "patch", "fov")
    }
    config = transformers.DepthProConfig(
        patch_size=32,
        fusion_hidden_size=8,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[8, 8],
        scaled_images_feature_dims=[8, 8, 8],
        use_fov_model=True,
        initializer_range=WIDE,
        **parts,
    )
    processor = transformers.DepthProImageProcessor(size={"height": 128, "width": 128})
    return transformers.DepthProForDepthEstimation(config), processor


MODELS = {
    "depth-anything": lambda: depth_anything("relative"),
    "depth-anything-metric": lambda: depth_anything("metric"),
    "dpt": dpt,
    "zoedepth": zoedepth,
    "depth-pro": depth_pro,
}


def files_of(name, folder):
    """The files of a repo (name → bytes) that holds a model of this kind."""
    torch.manual_seed(0)
    model, processor = MODELS[name]()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.startswith("head.") and parameter.dim() == 1:
                parameter.fill_(0.5)  # or a ReLU at the end makes everything 0
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
