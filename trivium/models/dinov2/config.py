"""DINOv2's config."""

from __future__ import annotations

from trivium.core.config import Activation, Count, Epsilon, Rate, Scale, Size
from trivium.models.backbones import BackboneConfig


class Dinov2Config(BackboneConfig):
    """The fields of DINOv2's config.json, with the values of dinov2-base as defaults (but for the size of its images)."""

    model_type = "dinov2"
    processing = {"image_processor": "Bit"}

    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    mlp_ratio: Scale = 4
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-6
    image_size: Size | tuple[Size, ...] = 224
    patch_size: Size | tuple[Size, ...] = 14
    num_channels: Size = 3
    qkv_bias: bool = True
    layerscale_value: Scale = 1.0
    drop_path_rate: Rate = 0.0
    use_swiglu_ffn: bool = False
    apply_layernorm: bool = True
    reshape_hidden_states: bool = True
    use_mask_token: bool = True

    @property
    def depths(self) -> tuple[int, ...]:
        """Every layer is a stage of the backbone."""
        return (1,) * self.num_hidden_layers

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
        super().check()
