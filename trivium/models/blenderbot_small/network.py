"""The small BlenderBot: BART that talks.

Roller and others, arXiv:2004.13637. Checkpoint: facebook/blenderbot_small-90M.
Letters: as in `encoder_decoders`.
"""

from trivium.models.blenderbot_small.config import BlenderbotSmallConfig as Config

from .. import encoder_decoders
from ..blenderbot import network as blenderbot

# Unlike BART: positions count from 0, and the decoder normalises its embeddings before they are added
STYLE = encoder_decoders.Style(blenderbot.learned_positions, norms_embeddings=True, norms_tokens=True, scales_given=True)


class BlenderbotSmallModel(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = STYLE


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config
    style = STYLE


class BlenderbotSmallForConditionalGeneration(encoder_decoders.ConditionalGeneration, body=BlenderbotSmallModel):
    """The small BlenderBot that answers."""


class BlenderbotSmallForCausalLM(encoder_decoders.CausalLM, body=Decoder):
    """The small BlenderBot's decoder, which predicts the next token."""
