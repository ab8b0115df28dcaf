"""Where names on disk differ from the network's."""

from trivium.models.encoder_decoders_weights import without_positions

RULES = without_positions()
