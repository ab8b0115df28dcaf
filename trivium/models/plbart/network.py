"""PLBART: BART for programs and what is said of them, which names languages as mBART does.

Ahmad and others, arXiv:2103.06333. Checkpoint: uclanlp/plbart-base.
Letters: as in `encoder_decoders`.
"""

from trivium.models.plbart.config import PLBartConfig as Config

from .. import encoder_decoders
from ..bart import network as bart
from ..mbart import network as mbart


class PLBartModel(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = bart.STYLE

    def first_ids(self, input_ids):  # (B, E) -> (B, E)
        return mbart.wrap(input_ids, self.config)


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config
    style = bart.STYLE


class PLBartForConditionalGeneration(encoder_decoders.ConditionalGeneration, body=PLBartModel):
    """PLBART that writes a program, or what is said of one."""

    def shift_right(self, labels):  # Unlike BART: the text begins with the token that names its language
        return mbart.wrap(labels, self.config)


class PLBartForSequenceClassification(encoder_decoders.LastEndClassification, body=PLBartModel):
    """PLBART that classifies a program."""


class PLBartForCausalLM(encoder_decoders.CausalLM, body=Decoder):
    """PLBART's decoder, which predicts the next token."""
