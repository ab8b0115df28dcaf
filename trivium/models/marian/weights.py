"""Where names on disk differ from the network's. Source: `_keys_to_ignore_on_save` of modeling_marian.py."""

from trivium.models.encoder_decoders_weights import without_positions

RULES = without_positions("MarianMTModel")
