"""ViT's config."""

from __future__ import annotations

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class ViTConfig(Config):
    """The fields of ViT's config.json, with the values of vit-base-patch16-224 as defaults."""

    model_type = "vit"
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
    image_size: Size | tuple[Size, ...] = 224
    patch_size: Size | tuple[Size, ...] = 16
    num_channels: Size = 3
    qkv_bias: bool = True
    encoder_stride: Size = 16
    pooler_output_size: Size | None = None
    pooler_act: Activation = "tanh"

    @property
    def image_hw(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.pair("image_size")

    @property
    def patch_hw(self) -> tuple[int, int]:
        """Height and width of a patch."""
        return self.pair("patch_size")

    @property
    def grid(self) -> tuple[int, int]:
        """How many patches an image has, along its height and width."""
        (height, width), (h, w) = self.image_hw, self.patch_hw
        return height // h, width // w

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        if 0 in self.grid:
            raise self.error("image_size", f"= {self.image_size} is smaller than a patch")
