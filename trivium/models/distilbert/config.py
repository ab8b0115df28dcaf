"""DistilBERT's config."""

from __future__ import annotations

from trivium.core.config import Activation, Config, Count, Rate, Scale, Size


class DistilBertConfig(Config):
    """The fields of DistilBERT's config.json, with Transformers' defaults."""

    model_type = "distilbert"
    processing = {"tokenizer": "DistilBert"}
    aliases = {"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"}

    vocab_size: Size = 30522
    max_position_embeddings: Size = 512
    sinusoidal_pos_embds: bool = False
    n_layers: Count = 6
    n_heads: Size = 12
    dim: Size = 768
    hidden_dim: Size = 3072
    dropout: Rate = 0.1
    attention_dropout: Rate = 0.1
    activation: Activation = "gelu"
    initializer_range: Scale = 0.02
    qa_dropout: Rate = 0.1
    seq_classif_dropout: Rate = 0.2
    pad_token_id: int | None = 0

    def check(self) -> None:
        self.require_divisible("dim", "n_heads")
