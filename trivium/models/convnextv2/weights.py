"""Where ConvNeXt V2's names on disk differ from the network's. Source: modeling_tf_convnextv2.py of Transformers 4.52."""

from trivium.convert.rules import Rules

RULES = Rules(dotted=("stages", "layers", "downsampling_layer"))
