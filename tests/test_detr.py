"""DETR beyond its goldens: the backbone by timm's names, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tests import drawn
from trivium import numpy as door
from trivium.core.errors import ConfigError, InputError
from trivium.models.detr.config import DetrConfig

TINY = {
    "num_queries": 3, "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 12, "decoder_ffn_dim": 12,
}  # fmt: skip
BASIC = {"model_type": "resnet", "layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]}
BODY = "backbone.conv_encoder.model."


def timm_name(name: str) -> str:
    """timm's name of a weight of Transformers' ResNet."""
    name = re.sub(r"embedder\.embedder", "layer", name)
    name = name.replace("layer.convolution", "conv1").replace("layer.normalization", "bn1")
    found = re.fullmatch(
        r"encoder\.stages\.(\d)\.layers\.(\d)\.(?:layer\.(\d)|shortcut)\.(convolution|normalization)\.(\w+)", name
    )
    if found is None:
        return name
    stage, block, number, kind, leaf = found.groups()
    part = {"convolution": "conv", "normalization": "bn"}[kind] + str(int(number) + 1) if number else ""
    part = part or f"downsample.{['convolution', 'normalization'].index(kind)}"
    return f"layer{int(stage) + 1}.{block}.{part}.{leaf}"


def test_timm_backbone_is_the_other_one_by_other_names() -> None:
    """resnet18 by the names of facebook/detr-resnet-50's family and by Transformers' own: the same weights, the same output."""
    image = drawn._normal("image", (1, 3, 64, 96)).astype(np.float32)
    ours = door.DetrModel(DetrConfig(use_timm_backbone=False, backbone=None, backbone_config=BASIC, **TINY))  # type: ignore
    weights = {weight.name: read() for weight, read in ours.read_weights()}
    weights |= {name: drawn.weight(name, array.shape) for name, array in weights.items() if "normalization" in name}
    ours.assign_weights(weights)
    timm = door.DetrModel(DetrConfig(backbone="resnet18", **TINY))  # type: ignore[arg-type]
    named = {BODY + timm_name(name.removeprefix(BODY)) if name.startswith(BODY) else name: a for name, a in weights.items()}
    assert set(named) == set(timm.layout.weights)
    assert {"conv1.weight", "bn1.running_var", "layer2.0.downsample.1.bias", "layer4.1.conv2.weight"} <= {
        name.removeprefix(BODY) for name in timm.layout.weights
    }
    timm.assign_weights(named)
    assert np.array_equal(timm(image).last_hidden_state, ours(image).last_hidden_state)


def test_the_largest_timm_backbones_have_bottlenecks() -> None:
    from trivium.core.layout import layout
    from trivium.models.catalogue import network_class

    weights = layout(network_class("DetrForObjectDetection"), DetrConfig()).weights  # facebook/detr-resnet-50
    assert weights[f"model.{BODY}layer3.5.conv3.weight"].shape == (1024, 256, 1, 1)
    assert weights["model.input_projection.weight"].shape == (256, 2048, 1, 1)
    assert not weights[f"model.{BODY}layer1.0.bn1.running_mean"].is_parameter


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"backbone": "swin_tiny"}, "'swin_tiny' is not supported"),
        ({"dilation": True}, "dilation"),
        ({"backbone_kwargs": {"output_stride": 16}}, "'output_stride': 16"),
        ({"use_timm_backbone": False, "backbone": None, "backbone_config": {"model_type": "swin"}}, "is a swin"),
        ({"d_model": 6, "encoder_attention_heads": 2, "decoder_attention_heads": 2}, "multiple of 4"),
        ({"encoder_layerdrop": 0.1}, "encoder_layerdrop"),
    ],
)
def test_refused_configs(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DetrConfig(**fields)


def test_labels_are_refused() -> None:
    model = door.DetrForObjectDetection(DetrConfig(backbone="resnet18", **TINY))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="losses are not there yet"):
        model(np.zeros((1, 3, 32, 32), np.float32), labels=[{}])


def test_masks_need_four_stages() -> None:
    with pytest.raises(ConfigError, match="masks need 4"):
        door.DetrForSegmentation(DetrConfig(use_timm_backbone=False, backbone=None, backbone_config=BASIC, **TINY))  # type: ignore
