"""mBART: BART for many languages, a translator, with norms before each branch.

Liu and others, arXiv:2001.08210. Checkpoint: facebook/mbart-large-50-many-to-many-mmt.
Letters: as in `encoder_decoders`.
"""

from trivium.models.mbart.config import MBartConfig as Config

from .. import encoder_decoders, heads, ops
from ..bart import network as bart

# Unlike BART: norms before each branch, and one after the last layer
STYLE = encoder_decoders.Style(bart.learned_positions, offset=2, norm_first=True, norms_embeddings=True)


def wrap(ids, c: Config):
    """What the decoder is shown to predict `ids` (B, T): the last token, which names the language, then all but the end."""
    ids = ops.where(ids == -100, ids * 0 + c.pad_token_id, ids)
    last = ops.cumsum(ops.cast(ids != c.pad_token_id, "int32"), 1)[:, -1] - 1
    return ops.concat([ops.take_rows(ids, last)[:, None], ids[:, :-1]], 1)


class MBartModel(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = STYLE

    def first_ids(self, input_ids):  # (B, E) -> (B, E)
        return wrap(input_ids, self.config)


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config
    style = STYLE


class MBartForConditionalGeneration(encoder_decoders.ConditionalGeneration, body=MBartModel):
    """mBART that translates."""

    def shift_right(self, labels):  # Unlike BART: the text begins with the token that names its language
        return wrap(labels, self.config)


class MBartForSequenceClassification(encoder_decoders.LastEndClassification, body=MBartModel):
    """mBART that classifies a text."""


class MBartForQuestionAnswering(heads.Seq2SeqQuestionAnswering, body=MBartModel):
    """mBART that finds the answer to a question in a text."""


class MBartForCausalLM(encoder_decoders.CausalLM, body=Decoder):
    """mBART's decoder, which predicts the next token."""
