"""SigLIP's config, and those of its two parts."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Size


class SiglipTextConfig(Config):
    """The fields of text_config, with the values of siglip-base-patch16-224 as defaults."""

    model_type = "siglip_text_model"

    vocab_size: Size = 32000
    hidden_size: Size = 768
    intermediate_size: Size = 3072
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    max_position_embeddings: Size = 64
    hidden_act: Activation = "gelu_pytorch_tanh"
    layer_norm_eps: Epsilon = 1e-6
    attention_dropout: Rate = 0.0
    projection_size: Size | None = None
    pad_token_id: int | None = 1
    bos_token_id: int | None = 49406
    eos_token_id: int | None = 49407

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")


class SiglipVisionConfig(Config):
    """The fields of vision_config, with the values of siglip-base-patch16-224 as defaults."""

    model_type = "siglip_vision_model"

    hidden_size: Size = 768
    intermediate_size: Size = 3072
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    num_channels: Size = 3
    image_size: Size = 224
    patch_size: Size = 16
    hidden_act: Activation = "gelu_pytorch_tanh"
    layer_norm_eps: Epsilon = 1e-6
    attention_dropout: Rate = 0.0
    vision_use_head: bool = True

    @property
    def grid(self) -> int:
        """How many patches an image has along each side."""
        return self.image_size // self.patch_size

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        if self.grid == 0:
            raise self.error("image_size", f"= {self.image_size} is smaller than a patch")


class SiglipConfig(Config):
    """The fields of SigLIP's config.json."""

    model_type = "siglip"
    processing = {"tokenizer": "Siglip", "image_processor": "Siglip", "processor": "Siglip"}

    text_config: SiglipTextConfig = SiglipTextConfig()
    vision_config: SiglipVisionConfig = SiglipVisionConfig()
    initializer_factor: Literal[1.0] = 1.0
