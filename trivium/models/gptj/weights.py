"""Where GPT-J's names on disk differ from the network's, and what old checkpoints hold besides.

Sources: modeling_tf_gptj.py of Transformers 4.52; files on the Hub; Transformers 4.29's buffers.
"""

from trivium.convert.rules import Rename, Rules

RULES = Rules(
    renames=(Rename("tf4", "transformer.wte.embeddings", "transformer.wte.weight"),),
    derived=("h.*.attn.bias", "h.*.attn.masked_bias", "h.*.attn.embed_positions"),  # masks and angles
)
