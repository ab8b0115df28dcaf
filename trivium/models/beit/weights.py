"""What old checkpoints of BEiT hold beside its weights. Source: modeling_beit.py of Transformers 4.52."""

from trivium.convert.rules import Rules

RULES = Rules(derived=("*.relative_position_index",))  # which row of the table belongs to each pair of patches
