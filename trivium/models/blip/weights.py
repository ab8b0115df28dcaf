"""Where BLIP's names on disk differ from the network's. Source: modeling_tf_blip.py of Transformers 4.52.

An encoder by itself has no prefix there, like the classes that generate or compare; BlipModel alone has one.
"""

from trivium.convert.rules import Rename, Rules

PARTS = ("embeddings", "encoder", "pooler", "post_layernorm")

RULES = Rules(
    renames=tuple(Rename("tf4", f"blip.{part}", part) for part in PARTS),
    derived=("*embeddings.position_ids",),  # 0, 1, 2, ...
)
