"""RemBERT's config."""

from __future__ import annotations

from typing import ClassVar, Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class RemBertConfig(Config):
    """The fields of RemBERT's config.json, with the values of google/rembert as defaults."""

    model_type = "rembert"
    processing = {"tokenizer": "RemBert"}
    relates: ClassVar[bool] = False
    meets_keys: ClassVar[bool] = False

    vocab_size: Size = 250300
    hidden_size: Size = 1152
    num_hidden_layers: Count = 32
    num_attention_heads: Size = 18
    input_embedding_size: Size = 256
    output_embedding_size: Size = 1664
    intermediate_size: Size = 4608
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    classifier_dropout_prob: Rate = 0.1
    max_position_embeddings: Size = 512
    type_vocab_size: Size = 2
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-12
    is_decoder: bool = False
    add_cross_attention: bool = False
    tie_word_embeddings: Literal[False] = False
    pad_token_id: int | None = 0
    bos_token_id: int | None = 312
    eos_token_id: int | tuple[int, ...] | None = 313

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        if self.add_cross_attention and not self.is_decoder:
            raise self.error("add_cross_attention", "needs is_decoder = True")
