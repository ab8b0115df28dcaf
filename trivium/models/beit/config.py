"""BEiT's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Count, Epsilon, Rate, Scale, Size
from trivium.models.backbones import BackboneConfig


class BeitConfig(BackboneConfig):
    """The fields of BEiT's config.json, with the values of beit-base-patch16-224-pt22k as defaults."""

    model_type = "beit"
    processing = {"image_processor": "Beit"}
    aliases = {"segmentation_indices": "out_indices"}

    vocab_size: Size = 8192
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
    use_mask_token: bool = False
    use_absolute_position_embeddings: bool = False
    use_relative_position_bias: bool = False
    use_shared_relative_position_bias: bool = False
    layer_scale_init_value: Scale = 0.1
    drop_path_rate: Rate = 0.1
    use_mean_pooling: bool = True
    pool_scales: tuple[Size, ...] = (1, 2, 3, 6)
    use_auxiliary_head: bool = True
    auxiliary_loss_weight: Scale = 0.4
    auxiliary_channels: Size = 256
    auxiliary_num_convs: Count = 1
    auxiliary_concat_input: bool = False
    semantic_loss_ignore_index: int = 255
    add_fpn: Literal[False] = False
    reshape_hidden_states: bool = True

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
        if 0 in self.grid:
            raise self.error("image_size", f"= {self.image_size} is smaller than a patch")
        super().check()
