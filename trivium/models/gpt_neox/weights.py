"""What old checkpoints of GPT-NeoX hold beside its weights. Source: their files on the Hub; Transformers 4.29's buffers."""

from trivium.convert.rules import Rules

RULES = Rules(
    derived=tuple(  # the causal mask, the number that hides what it hides, the frequencies
        f"layers.*.attention.{buffer}" for buffer in ("bias", "masked_bias", "rotary_emb.inv_freq")
    ),
)
