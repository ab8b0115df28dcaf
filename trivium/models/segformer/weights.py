"""Where SegFormer's names on disk differ from the network's. Source: modeling_tf_segformer.py of Transformers 4.52."""

from trivium.convert.rules import Rules

RULES = Rules(dotted=("patch_embeddings", "block", "layer_norm", "linear_c"))
