"""Where ResNet's names on disk differ from the network's. Source: modeling_tf_resnet.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules

RULES = Rules(
    dotted=("stages", "layers", "layer", "classifier"),
    # Flax's own name of the two layers of a basic block, which Transformers 4 finds in no other framework's file
    also=(Rename("flax4", "layer.0", "layer.layer_0"), Rename("flax4", "layer.1", "layer.layer_1")),
)
