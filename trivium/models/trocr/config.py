"""TrOCR's config."""

from __future__ import annotations

from trivium.core.config import Activation, Config, Count, Rate, Scale, Size


class TrOCRConfig(Config):
    """The fields of TrOCR's config.json, with Transformers' defaults. `cross_attention_hidden_size` is the encoder's width."""

    model_type = "trocr"
    aliases = {
        "hidden_size": "d_model",
        "num_attention_heads": "decoder_attention_heads",
        "num_hidden_layers": "decoder_layers",
    }

    vocab_size: Size = 50265
    max_position_embeddings: Size = 512
    d_model: Size = 1024
    decoder_layers: Count = 12
    decoder_attention_heads: Size = 16
    decoder_ffn_dim: Size = 4096
    activation_function: Activation = "gelu"
    dropout: Rate = 0.1
    attention_dropout: Rate = 0.0
    activation_dropout: Rate = 0.0
    decoder_layerdrop: Rate = 0.0
    init_std: Scale = 0.02
    scale_embedding: bool = False
    use_learned_position_embeddings: bool = True
    layernorm_embedding: bool = True
    cross_attention_hidden_size: Size | None = None
    bos_token_id: int | None = 0
    pad_token_id: int | None = 1
    eos_token_id: int | tuple[int, ...] | None = 2
    decoder_start_token_id: int | None = 2

    @property
    def decoder_vocabulary(self) -> int:
        """The size of the vocabulary, by the name that BART's relatives give it."""
        return self.vocab_size

    def check(self) -> None:
        self.require_divisible("d_model", "decoder_attention_heads")
        if not self.use_learned_position_embeddings and self.pad_token_id is None:
            raise self.error("pad_token_id", "= None, from which computed positions count")
