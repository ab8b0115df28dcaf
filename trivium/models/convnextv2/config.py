"""ConvNeXt V2's config."""

from __future__ import annotations

from trivium.core.config import Activation, Epsilon, Rate, Scale, Size
from trivium.models.backbones import BackboneConfig


class ConvNextV2Config(BackboneConfig):
    """The fields of ConvNeXt V2's config.json, with the values of convnextv2-tiny-1k-224 as defaults."""

    model_type = "convnextv2"
    processing = {"image_processor": "ConvNext"}

    num_channels: Size = 3
    patch_size: Size = 4
    num_stages: Size = 4
    hidden_sizes: tuple[Size, ...] = (96, 192, 384, 768)
    depths: tuple[Size, ...] = (3, 3, 9, 3)
    hidden_act: Activation = "gelu"
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-12
    drop_path_rate: Rate = 0.0

    def check(self) -> None:
        if not self.num_stages == len(self.hidden_sizes) == len(self.depths):
            raise self.error("num_stages", f"= {self.num_stages} must be the length of hidden_sizes and depths")
        super().check()
