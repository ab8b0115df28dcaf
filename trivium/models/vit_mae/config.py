"""ViT-MAE's config."""

from __future__ import annotations

import functools
from typing import Self

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class ViTMAEConfig(Config):
    """The fields of ViT-MAE's config.json, with the values of vit-mae-base as defaults."""

    model_type = "vit_mae"
    processing = {"image_processor": "ViT"}

    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-12
    image_size: Size = 224
    patch_size: Size = 16
    num_channels: Size = 3
    qkv_bias: bool = True
    decoder_num_attention_heads: Size = 16
    decoder_hidden_size: Size = 512
    decoder_num_hidden_layers: Count = 8
    decoder_intermediate_size: Size = 2048
    mask_ratio: Rate = 0.75
    norm_pix_loss: bool = False

    @property
    def patch_hw(self) -> tuple[int, int]:
        """Height and width of a patch."""
        return self.patch_size, self.patch_size

    @property
    def grid(self) -> tuple[int, int]:
        """How many patches an image has, along its height and width."""
        side = self.image_size // self.patch_size
        return side, side

    @functools.cached_property
    def decoder(self) -> Self:
        """The config of the decoder's layers."""
        return self.replace(
            hidden_size=self.decoder_hidden_size,
            num_hidden_layers=self.decoder_num_hidden_layers,
            num_attention_heads=self.decoder_num_attention_heads,
            intermediate_size=self.decoder_intermediate_size,
        )

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        self.require_divisible("decoder_hidden_size", "decoder_num_attention_heads")
        if 0 in self.grid:
            raise self.error("image_size", f"= {self.image_size} is smaller than a patch")
        for field in ("hidden_size", "decoder_hidden_size"):
            if getattr(self, field) % 4:
                raise self.error(field, f"= {getattr(self, field)} is no multiple of 4, as sines and cosines of two axes ask")
