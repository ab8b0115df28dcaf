"""What old checkpoints of LLaMA hold beside its weights. Source: their files on the Hub; Transformers 4.31's buffers."""

from trivium.convert.rules import Rules

RULES = Rules(derived=("layers.*.self_attn.rotary_emb.inv_freq",))  # the frequencies
