"""PEGASUS: BART for summaries, with norms before each branch and positions that are not learned.

Zhang and others, arXiv:1912.08777. Checkpoint: google/pegasus-xsum.
Letters: as in `encoder_decoders`.
"""

from trivium.core.init import SinesThenCosines
from trivium.models.pegasus.config import PegasusConfig as Config

from .. import encoder_decoders, nn


def sinusoids(c: Config):
    return nn.Embedding(c.max_position_embeddings, c.d_model, SinesThenCosines(), trained=False)


# Unlike BART: norms before each branch and one after the last layer, none of the embeddings
STYLE = encoder_decoders.Style(sinusoids, norm_first=True, scales_given=True)


class PegasusModel(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = STYLE


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config
    style = STYLE


class PegasusForConditionalGeneration(encoder_decoders.ConditionalGeneration, body=PegasusModel):
    """PEGASUS that writes summaries."""


class PegasusForCausalLM(encoder_decoders.CausalLM, body=Decoder):
    """PEGASUS's decoder, which predicts the next token."""
