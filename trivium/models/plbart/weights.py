"""Where names on disk differ from the network's."""

from trivium.models.encoder_decoders_weights import RULES

__all__ = ["RULES"]
