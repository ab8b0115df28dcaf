"""What old checkpoints of M2M-100 hold beside its weights."""

from trivium.convert.rules import Rules

RULES = Rules(
    derived=("encoder.version", "decoder.version", "encoder.embed_positions.weights", "decoder.embed_positions.weights")
)
