"""BlenderBot: BART that talks, with norms before each branch.

Roller and others, arXiv:2004.13637. Checkpoint: facebook/blenderbot-400M-distill.
Letters: as in `encoder_decoders`.
"""

from trivium.models.blenderbot.config import BlenderbotConfig as Config

from .. import encoder_decoders, nn


def learned_positions(c: Config):  # Unlike BART: from 0 on
    return nn.Embedding(c.max_position_embeddings, c.d_model)


# Unlike BART: norms before each branch and one after the last layer, none of the embeddings
STYLE = encoder_decoders.Style(learned_positions, norm_first=True)


class BlenderbotModel(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = STYLE


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config
    style = STYLE


class BlenderbotForConditionalGeneration(encoder_decoders.ConditionalGeneration, body=BlenderbotModel):
    """BlenderBot that answers."""


class BlenderbotForCausalLM(encoder_decoders.CausalLM, body=Decoder):
    """BlenderBot's decoder, which predicts the next token."""
