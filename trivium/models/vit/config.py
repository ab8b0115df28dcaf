"""ViT's config."""

from __future__ import annotations

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class ViTConfig(Config):
    """The fields of ViT's config.json, with the values of vit-base-patch16-224 as defaults."""

    model_type = "vit"

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
    encoder_stride: Size = 16
    pooler_output_size: Size | None = None
    pooler_act: Activation = "tanh"

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        self.require_divisible("image_size", "patch_size")
