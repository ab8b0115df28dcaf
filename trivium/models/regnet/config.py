"""RegNet's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Size


class RegNetConfig(Config):
    """The fields of RegNet's config.json, with the values of regnet-y-040 as defaults."""

    model_type = "regnet"
    processing = {"image_processor": "ConvNext"}

    num_channels: Size = 3
    embedding_size: Size = 32
    hidden_sizes: tuple[Size, ...] = (128, 192, 512, 1088)
    depths: tuple[Size, ...] = (2, 6, 12, 2)
    groups_width: Size = 64
    layer_type: Literal["x", "y"] = "y"
    hidden_act: Activation = "relu"

    def check(self) -> None:
        if len(self.hidden_sizes) != len(self.depths):
            raise self.error("hidden_sizes", f"and depths differ in length: {self.hidden_sizes}, {self.depths}")
