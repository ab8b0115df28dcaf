"""MobileViT's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Epsilon, Rate, Scale, Size
from trivium.models.vit.config import ViTConfig


class MobileViTConfig(Config):
    """The fields of MobileViT's config.json, with the values of mobilevit-small as defaults."""

    model_type = "mobilevit"
    processing = {"image_processor": "MobileViT"}

    num_channels: Size = 3
    image_size: Size | tuple[Size, ...] = 256
    patch_size: Size = 2
    hidden_sizes: tuple[Size, ...] = (144, 192, 240)
    neck_hidden_sizes: tuple[Size, ...] = (16, 32, 64, 96, 128, 160, 640)
    num_attention_heads: Size = 4
    mlp_ratio: Scale = 2.0
    expand_ratio: Scale = 4.0
    hidden_act: Activation = "silu"
    conv_kernel_size: Size = 3
    output_stride: Literal[8, 16, 32] = 32
    hidden_dropout_prob: Rate = 0.1
    attention_probs_dropout_prob: Rate = 0.0
    classifier_dropout_prob: Rate = 0.1
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-5
    qkv_bias: bool = True
    aspp_out_channels: Size = 256
    atrous_rates: tuple[Size, ...] = (6, 12, 18)
    aspp_dropout_prob: Rate = 0.1
    semantic_loss_ignore_index: int = 255

    def transformer(self, width: int) -> ViTConfig:
        """The config of the transformer layers of a width."""
        return ViTConfig(
            hidden_size=width,
            intermediate_size=int(width * self.mlp_ratio),
            num_attention_heads=self.num_attention_heads,
            hidden_act=self.hidden_act,
            hidden_dropout_prob=self.hidden_dropout_prob,
            attention_probs_dropout_prob=self.attention_probs_dropout_prob,
            layer_norm_eps=self.layer_norm_eps,
            qkv_bias=self.qkv_bias,
        )

    def check(self) -> None:
        for field, count in (("hidden_sizes", 3), ("neck_hidden_sizes", 7), ("atrous_rates", 3)):
            if len(getattr(self, field)) != count:
                raise self.error(field, f"= {getattr(self, field)} must be {count} numbers")
        for width in self.hidden_sizes:
            if width % self.num_attention_heads:
                raise self.error(
                    "hidden_sizes", f"has {width}, no multiple of num_attention_heads = {self.num_attention_heads}"
                )
