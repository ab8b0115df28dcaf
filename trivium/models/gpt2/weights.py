"""What old checkpoints of GPT-2 hold beside its weights. Source: modeling_gpt2.py of Transformers 4.52, its buffers."""

from trivium.convert.rules import Rules

RULES = Rules(
    derived=tuple(  # the causal mask, and the number that hides what it hides
        f"h.*.{attention}.{buffer}" for attention in ("attn", "crossattention") for buffer in ("bias", "masked_bias")
    ),
)
