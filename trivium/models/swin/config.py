"""Swin's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Epsilon, Rate, Scale, Size
from trivium.models.backbones import BackboneConfig


class SwinConfig(BackboneConfig):
    """The fields of Swin's config.json, with the values of swin-tiny-patch4-window7-224 as defaults."""

    model_type = "swin"
    processing = {"image_processor": "ViT"}
    aliases = {"num_attention_heads": "num_heads"}

    image_size: Size | tuple[Size, ...] = 224
    patch_size: Size | tuple[Size, ...] = 4
    num_channels: Size = 3
    embed_dim: Size = 96
    depths: tuple[Size, ...] = (2, 2, 6, 2)
    num_heads: tuple[Size, ...] = (3, 6, 12, 24)
    window_size: Size = 7
    mlp_ratio: Scale = 4.0
    qkv_bias: bool = True
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    drop_path_rate: Rate = 0.1
    hidden_act: Activation = "gelu"
    use_absolute_embeddings: Literal[False] = False
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-5
    encoder_stride: Size = 32

    @property
    def patch_hw(self) -> tuple[int, int]:
        """Height and width of a patch."""
        return self.pair("patch_size")

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of every stage."""
        return tuple(self.embed_dim * 2**i for i in range(len(self.depths)))

    @property
    def hidden_size(self) -> int:
        """The width of what comes out."""
        return self.widths[-1]

    def check(self) -> None:
        if len(self.depths) != len(self.num_heads):
            raise self.error("num_heads", f"and depths differ in length: {self.num_heads}, {self.depths}")
        for width, heads in zip(self.widths, self.num_heads, strict=True):
            if width % heads:
                raise self.error("num_heads", f"has {heads}, of which the stage's width {width} is no multiple")
        super().check()
