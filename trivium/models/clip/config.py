"""CLIP's config, and those of its two parts."""

from __future__ import annotations

from typing import Any

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class CLIPTextConfig(Config):
    """The fields of text_config, with the values of clip-vit-base-patch32 as defaults."""

    model_type = "clip_text_model"

    vocab_size: Size = 49408
    hidden_size: Size = 512
    intermediate_size: Size = 2048
    projection_dim: Size = 512
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 8
    max_position_embeddings: Size = 77
    hidden_act: Activation = "quick_gelu"
    layer_norm_eps: Epsilon = 1e-5
    attention_dropout: Rate = 0.0
    initializer_range: Scale = 0.02
    initializer_factor: Scale = 1.0
    pad_token_id: int | None = 1
    bos_token_id: int | None = 49406
    eos_token_id: int | None = 49407

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")


class CLIPVisionConfig(Config):
    """The fields of vision_config, with the values of clip-vit-base-patch32 as defaults."""

    model_type = "clip_vision_model"

    hidden_size: Size = 768
    intermediate_size: Size = 3072
    projection_dim: Size = 512
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    num_channels: Size = 3
    image_size: Size = 224
    patch_size: Size = 32
    hidden_act: Activation = "quick_gelu"
    layer_norm_eps: Epsilon = 1e-5
    attention_dropout: Rate = 0.0
    initializer_range: Scale = 0.02
    initializer_factor: Scale = 1.0

    @property
    def grid(self) -> int:
        """How many patches an image has along each side."""
        return self.image_size // self.patch_size

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        if self.grid == 0:
            raise self.error("image_size", f"= {self.image_size} is smaller than a patch")


class CLIPConfig(Config):
    """The fields of CLIP's config.json, with the values of clip-vit-base-patch32 as defaults.

    The first checkpoints state some fields of the parts twice: text_config_dict may say no other than text_config.
    """

    model_type = "clip"
    processing = {"tokenizer": "CLIP", "image_processor": "CLIP", "processor": "CLIP"}

    text_config: CLIPTextConfig = CLIPTextConfig()
    vision_config: CLIPVisionConfig = CLIPVisionConfig()
    text_config_dict: dict[str, Any] | None = None
    vision_config_dict: dict[str, Any] | None = None
    projection_dim: Size = 512
    logit_scale_init_value: float = 2.6592
    initializer_factor: Scale = 1.0

    def check(self) -> None:
        for name in ("text_config", "vision_config"):
            part = getattr(self, name)
            for key, value in (getattr(self, f"{name}_dict") or {}).items():
                if getattr(part, key, value) != value:
                    raise self.error(f"{name}_dict", f"says {key} = {value!r}, but {name} says {getattr(part, key)!r}")
