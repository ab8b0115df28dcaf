"""Where T5's names on disk differ from the network's. Source: modeling_tf_t5.py of Transformers 4.52."""

from trivium.convert.rules import Bare, Rename, Rules

RULES = Rules(
    # most of T5's classes have no prefix
    renames=tuple(Rename("tf4", f"transformer.{part}", part) for part in ("encoder", "decoder", "lm_head")),
    bare=(Bare("transformer.shared.weight", ("shared", "encoder", "decoder"), "shared/embeddings:0", "shared"),),
    # its weights are never used: the cross-attention of the first layer once had a bias
    derived=("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",),
)
