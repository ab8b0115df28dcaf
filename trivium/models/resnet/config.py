"""ResNet's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Size
from trivium.models.backbones import BackboneConfig


class ResNetConfig(BackboneConfig):
    """The fields of ResNet's config.json, with the values of resnet-50 as defaults."""

    model_type = "resnet"
    processing = {"image_processor": "ConvNext"}

    num_channels: Size = 3
    embedding_size: Size = 64
    hidden_sizes: tuple[Size, ...] = (256, 512, 1024, 2048)
    depths: tuple[Size, ...] = (3, 4, 6, 3)
    layer_type: Literal["basic", "bottleneck"] = "bottleneck"
    hidden_act: Activation = "relu"
    downsample_in_first_stage: bool = False
    downsample_in_bottleneck: bool = False

    def check(self) -> None:
        if len(self.hidden_sizes) != len(self.depths):
            raise self.error("hidden_sizes", f"and depths differ in length: {self.hidden_sizes}, {self.depths}")
        super().check()
