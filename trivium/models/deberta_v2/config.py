"""DeBERTa-v2's config."""

from __future__ import annotations

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class DebertaV2Config(Config):
    """The fields of the config.json of DeBERTa-v2 and v3, with Transformers' defaults.

    Lists of words ("p2c|c2p") may also be written as JSON lists.
    """

    model_type = "deberta-v2"
    processing = {"tokenizer": "DebertaV2"}

    vocab_size: Size = 128100
    embedding_size: Size | None = None
    hidden_size: Size = 1536
    num_hidden_layers: Count = 24
    num_attention_heads: Size = 24
    attention_head_size: Size | None = None
    intermediate_size: Size = 6144
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.1
    attention_probs_dropout_prob: Rate = 0.1
    max_position_embeddings: Size = 512
    type_vocab_size: Count = 0
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-7
    relative_attention: bool = False
    max_relative_positions: int = -1
    position_buckets: int = -1
    share_att_key: bool = False
    norm_rel_ebd: str = "none"
    pad_token_id: int | None = 0
    position_biased_input: bool = True
    pos_att_type: str | tuple[str, ...] | None = None
    conv_kernel_size: Count = 0
    conv_groups: Size = 1
    conv_act: Activation = "tanh"
    pooler_hidden_size: Size | None = None
    pooler_dropout: Rate = 0.0
    pooler_hidden_act: Activation = "gelu"
    cls_dropout: Rate | None = None
    legacy: bool = True

    @property
    def embedding_width(self) -> int:
        """The width of the embeddings."""
        return self.embedding_size or self.hidden_size

    @property
    def reach(self) -> int:
        """The distance beyond which all are alike."""
        return self.max_relative_positions if self.max_relative_positions > 0 else self.max_position_embeddings

    @property
    def span(self) -> int:
        """How many relative positions there are to either side."""
        return self.position_buckets if self.position_buckets > 0 else self.reach

    @property
    def pos_att_types(self) -> tuple[str, ...]:
        """The words of pos_att_type."""
        given = self.pos_att_type or ()
        return tuple(word.strip() for word in given.lower().split("|")) if isinstance(given, str) else given

    @property
    def normalizes_positions(self) -> bool:
        """Whether norm_rel_ebd has the word layer_norm."""
        return "layer_norm" in [word.strip() for word in self.norm_rel_ebd.lower().split("|")]

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        width = self.hidden_size // self.num_attention_heads
        if self.attention_head_size not in (None, width):
            raise self.error("attention_head_size", f"= {self.attention_head_size} is not hidden_size / num_attention_heads")
        if self.pooler_hidden_size not in (None, self.hidden_size):
            raise self.error("pooler_hidden_size", f"= {self.pooler_hidden_size} is not hidden_size = {self.hidden_size}")
        if unknown := set(self.pos_att_types) - {"c2p", "p2c"}:
            raise self.error("pos_att_type", f"has {sorted(unknown)}; supported: c2p, p2c")
        if not self.legacy and self.embedding_width != self.hidden_size:
            raise self.error("legacy", "= false needs embeddings as wide as hidden_size")
