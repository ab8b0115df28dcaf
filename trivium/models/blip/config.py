"""BLIP's config, and those of its two parts."""

from __future__ import annotations

from typing import ClassVar, Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class BlipTextConfig(Config):
    """The fields of text_config, with the values of blip-vqa-base as defaults."""

    model_type = "blip_text_model"
    relates: ClassVar[bool] = False
    """Whether attention learns of distances, as it may in BERT."""
    meets_keys: ClassVar[bool] = False

    vocab_size: Size = 30524
    hidden_size: Size = 768
    encoder_hidden_size: Size = 768
    intermediate_size: Size = 3072
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 8
    max_position_embeddings: Size = 512
    position_embedding_type: Literal["absolute"] = "absolute"
    hidden_act: Activation = "gelu"
    layer_norm_eps: Epsilon = 1e-12
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    initializer_range: Scale = 0.02
    is_decoder: bool = True
    label_smoothing: Rate = 0.0
    bos_token_id: int | None = 30522
    eos_token_id: int | tuple[int, ...] | None = 2
    pad_token_id: int | None = 0
    sep_token_id: int | None = 102

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")


class BlipVisionConfig(Config):
    """The fields of vision_config, with the values of blip-vqa-base as defaults."""

    model_type = "blip_vision_model"

    hidden_size: Size = 768
    intermediate_size: Size = 3072
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    num_channels: Literal[3] = 3
    image_size: Size = 384
    patch_size: Size = 16
    hidden_act: Activation = "gelu"
    layer_norm_eps: Epsilon = 1e-5
    attention_dropout: Rate = 0.0
    initializer_range: Scale = 1e-10

    @property
    def grid(self) -> int:
        """How many patches an image has along each side."""
        return self.image_size // self.patch_size

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        if self.grid == 0:
            raise self.error("image_size", f"= {self.image_size} is smaller than a patch")


class BlipConfig(Config):
    """The fields of BLIP's config.json, with the values of blip-vqa-base as defaults.

    Whatever text_config says of encoder_hidden_size, the encoder is that of vision_config, and whatever it says of
    tie_word_embeddings, what writes has its own; so it is in Transformers.
    """

    model_type = "blip"
    processing = {"tokenizer": "Bert", "image_processor": "Blip", "processor": "Blip"}

    text_config: BlipTextConfig = BlipTextConfig()
    vision_config: BlipVisionConfig = BlipVisionConfig()
    projection_dim: Size = 512
    image_text_hidden_size: Size = 256
    logit_scale_init_value: float = 2.6592

    @property
    def text(self) -> BlipTextConfig:
        """The config of the parts that read and write texts."""
        return self.text_config.replace(encoder_hidden_size=self.vision_config.hidden_size, tie_word_embeddings=False)
