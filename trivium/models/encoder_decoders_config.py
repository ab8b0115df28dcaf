"""The config of BART's relatives."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Rate, Scale, Size


class EncoderDecoderConfig(Config):
    """The fields that the config.json of BART and its relatives have in common, with the values of bart-large as defaults."""

    aliases = {"hidden_size": "d_model", "num_attention_heads": "encoder_attention_heads"}

    vocab_size: Size = 50265
    max_position_embeddings: Size = 1024
    d_model: Size = 1024
    encoder_layers: Count = 12
    encoder_attention_heads: Size = 16
    encoder_ffn_dim: Size = 4096
    decoder_layers: Count = 12
    decoder_attention_heads: Size = 16
    decoder_ffn_dim: Size = 4096
    activation_function: Activation = "gelu"
    dropout: Rate = 0.1
    attention_dropout: Rate = 0.0
    activation_dropout: Rate = 0.0
    encoder_layerdrop: Rate = 0.0
    decoder_layerdrop: Rate = 0.0
    init_std: Scale = 0.02
    scale_embedding: bool = False
    bos_token_id: int | None = 0
    pad_token_id: int | None = 1
    eos_token_id: int | None = 2
    decoder_start_token_id: int | None = None
    tie_encoder_decoder: Literal[False] = False
    forced_eos_token_id: int | None = 2

    @property
    def decoder_vocabulary(self) -> int:
        """The size of the decoder's vocabulary."""
        return self.vocab_size

    def check(self) -> None:
        self.require_divisible("d_model", "encoder_attention_heads")
        self.require_divisible("d_model", "decoder_attention_heads")
