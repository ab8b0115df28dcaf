"""What checkpoints of DETR hold besides."""

from trivium.convert.rules import Rules

RULES = Rules(derived=("*.num_batches_tracked",))  # of norms that count no more
