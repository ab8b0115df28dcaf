"""Where MobileViT's names on disk differ from the network's. Source: modeling_tf_mobilevit.py of Transformers 4.52."""

from trivium.convert.rules import Rules

RULES = Rules(dotted=("layer", "convs"))
