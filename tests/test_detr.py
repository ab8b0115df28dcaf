"""DETR beyond its goldens: the backbone by timm's names, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import drawn
from trivium import numpy as door
from trivium.backends.numpy.models import detection_losses, frozen_resnets
from trivium.core.errors import ConfigError, InputError
from trivium.core.pretrained import _construction
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
        ({"use_timm_backbone": False, "backbone": None, "dilation": True}, "dilation = True is not supported without timm"),
        ({"backbone_kwargs": {"output_stride": 4}}, "'output_stride': 4"),
        ({"use_timm_backbone": False, "backbone": None, "backbone_config": {"model_type": "swin"}}, "is a swin"),
        ({"d_model": 6, "encoder_attention_heads": 2, "decoder_attention_heads": 2}, "multiple of 4"),
        ({"encoder_layerdrop": 1.5}, "encoder_layerdrop"),
    ],
)
def test_refused_configs(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DetrConfig(**fields)


@pytest.mark.parametrize("kind", ["basic", "bottleneck"])
@pytest.mark.parametrize("stride", [16, 8])
def test_dilated_maps_are_the_others_between_their_places(kind: str, stride: int) -> None:
    """Holes in the kernels let a finer map see at every second place (or fourth) just what the coarser one does."""

    def last(output_stride: int) -> np.ndarray:
        with _construction("float32", 0):
            backbone = frozen_resnets.TimmResNet(kind, (1, 1, 2, 2), 1, output_stride)
        for name, part in _convolutions(backbone):
            part.weight = drawn.weight(name, part.weight.shape)
        return backbone.features(drawn._normal("image", (1, 72, 104, 1)).astype(np.float32))[-1]

    coarse, fine = last(32), last(stride)
    assert DetrConfig(dilation=True).output_stride == 16 and DetrConfig().output_stride == 32
    assert fine.shape[1:3] == (-(-72 // stride), -(-104 // stride))
    assert np.allclose(fine[:, :: 32 // stride, :: 32 // stride], coarse, atol=1e-5 * np.abs(coarse).max())


def _convolutions(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The convolutions of a network in NumPy by their paths."""
    for name, inner in vars(part).items():
        if type(inner).__name__ == "Conv2d":
            yield f"{path}{name}.weight", inner
        elif hasattr(inner, "forward"):
            yield from _convolutions(inner, f"{path}{name}.")


BOXES = np.array([[0.3, 0.4, 0.2, 0.5], [0.7, 0.6, 0.5, 0.3]], np.float32)
OBJECTS = {"class_labels": np.array([1, 0]), "boxes": BOXES}


@pytest.mark.parametrize(
    ("labels", "message"),
    [([OBJECTS, OBJECTS], "2 labels for 1 images"), ([{"boxes": BOXES}], "labels\\[0\\] has no 'class_labels'")],
)
def test_wrong_labels(labels: list[dict[str, np.ndarray]], message: str) -> None:
    model = door.DetrForObjectDetection(DetrConfig(backbone="resnet18", **TINY))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        model(np.zeros((1, 3, 32, 32), np.float32), labels=labels)


def test_what_is_no_object_changes_no_loss() -> None:
    """Images may be given as many labels each, which spares compilers another shape: a class below 0 does not count."""
    generator = np.random.default_rng(0)
    logits, boxes = generator.standard_normal((1, 4, 3)).astype(np.float32), generator.random((1, 4, 4)).astype(np.float32)
    filled = {"class_labels": np.array([1, -1, 0]), "boxes": np.insert(BOXES, 1, 0.5, axis=0)}
    config = DetrConfig(num_labels=2)
    found, expected = (detection_losses.detection_loss(config, [given], logits, boxes)[1] for given in (filled, OBJECTS))
    assert found == expected


def test_more_objects_than_queries() -> None:
    """As many as there are queries have one, and those that suit best."""
    logits = np.zeros((1, 1, 3), np.float32)
    config = DetrConfig(num_labels=2)
    for index in (0, 1):
        _, found = detection_losses.detection_loss(config, [OBJECTS], logits, BOXES[None, index : index + 1])
        assert found["loss_bbox"] == 0 and abs(found["loss_giou"]) < 1e-6


def test_masks_need_four_stages() -> None:
    with pytest.raises(ConfigError, match="masks need 4"):
        door.DetrForSegmentation(DetrConfig(use_timm_backbone=False, backbone=None, backbone_config=BASIC, **TINY))  # type: ignore
