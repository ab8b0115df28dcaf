"""The Audio Spectrogram Transformer's config."""

from __future__ import annotations

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class ASTConfig(Config):
    """The fields of its config.json, with the values of ast-finetuned-audioset-10-10-0.4593 as defaults."""

    model_type = "audio-spectrogram-transformer"
    processing = {"feature_extractor": "AST"}

    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-12
    patch_size: Size = 16
    qkv_bias: bool = True
    frequency_stride: Size = 10
    time_stride: Size = 10
    max_length: Size = 1024
    num_mel_bins: Size = 128

    @property
    def patches(self) -> int:
        """How many patches a spectrogram has."""
        frequencies = (self.num_mel_bins - self.patch_size) // self.frequency_stride + 1
        return frequencies * ((self.max_length - self.patch_size) // self.time_stride + 1)

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        if self.patch_size > min(self.num_mel_bins, self.max_length):
            raise self.error("patch_size", f"= {self.patch_size} is larger than a spectrogram")
