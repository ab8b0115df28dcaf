"""Where Swin's names on disk differ from the network's. Source: modeling_tf_swin.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules

RULES = Rules(
    renames=(Rename("tf4", "decoder.0", "decoder/0"),),  # a layer of that name, and no list
    dotted=("layers", "blocks"),
)
