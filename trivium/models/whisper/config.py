"""Whisper's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Rate, Scale, Size


class WhisperConfig(Config):
    """The fields of Whisper's config.json, with the values of whisper-tiny as defaults."""

    model_type = "whisper"
    processing = {"tokenizer": "Whisper", "feature_extractor": "Whisper", "processor": "Whisper"}
    aliases = {
        "hidden_size": "d_model",
        "num_attention_heads": "encoder_attention_heads",
        "num_key_value_heads": "encoder_attention_heads",
    }

    vocab_size: Size = 51865
    num_mel_bins: Size = 80
    max_source_positions: Size = 1500
    max_target_positions: Size = 448
    d_model: Size = 384
    encoder_layers: Count = 4
    encoder_attention_heads: Size = 6
    encoder_ffn_dim: Size = 1536
    decoder_layers: Count = 4
    decoder_attention_heads: Size = 6
    decoder_ffn_dim: Size = 1536
    activation_function: Activation = "gelu"
    dropout: Rate = 0.0
    attention_dropout: Rate = 0.0
    activation_dropout: Rate = 0.0
    encoder_layerdrop: Rate = 0.0
    decoder_layerdrop: Rate = 0.0
    apply_spec_augment: bool = False
    mask_time_prob: Rate = 0.05
    mask_time_length: Size = 10
    mask_time_min_masks: Count = 2
    mask_feature_prob: Rate = 0.0
    mask_feature_length: Size = 10
    mask_feature_min_masks: Count = 0
    init_std: Scale = 0.02
    scale_embedding: Literal[False] = False
    use_weighted_layer_sum: bool = False
    classifier_proj_size: Size = 256
    tie_encoder_decoder: Literal[False] = False
    bos_token_id: int | None = 50256
    pad_token_id: int | None = 50256
    eos_token_id: int | tuple[int, ...] | None = 50256
    decoder_start_token_id: int | None = 50257
    begin_suppress_tokens: tuple[int, ...] | None = (220, 50256)

    @property
    def decoder_vocabulary(self) -> int:
        """The size of the decoder's vocabulary."""
        return self.vocab_size

    def check(self) -> None:
        self.require_divisible("d_model", "encoder_attention_heads")
        self.require_divisible("d_model", "decoder_attention_heads")
