"""What old checkpoints of GPT Neo hold beside its weights. Source: modeling_gpt_neo.py of Transformers 4.52, its buffers."""

from trivium.convert.rules import Rules

RULES = Rules(derived=("h.*.attn.attention.bias", "h.*.attn.attention.masked_bias"))  # the causal mask, and what it hides with
