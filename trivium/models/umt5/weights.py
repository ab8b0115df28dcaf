"""Where names on disk differ from the network's."""

from trivium.models.t5.weights import RULES

__all__ = ["RULES"]
