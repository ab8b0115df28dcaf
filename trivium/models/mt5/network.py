"""mT5: T5 for a hundred languages, its equal in all but the config's defaults.

Xue and others, arXiv:2010.11934. Checkpoint: google/mt5-small.
"""

from trivium.models.mt5.config import MT5Config as Config

from ..t5 import network as t5


class MT5Model(t5.T5Model):
    __doc__ = t5.T5Model.__doc__
    config_class = Config


class MT5EncoderModel(t5.T5EncoderModel):
    __doc__ = t5.T5EncoderModel.__doc__
    config_class = Config


class MT5ForConditionalGeneration(t5.T5ForConditionalGeneration):
    """mT5 that writes a text after another; its names have no prefix. Labels: as `heads.Seq2SeqLM` has them."""

    config_class = Config


class MT5ForQuestionAnswering(t5.T5ForQuestionAnswering):
    """mT5 that finds the answer to a question in a text; its names have no prefix."""

    config_class = Config


class MT5ForSequenceClassification(t5.T5ForSequenceClassification, body=MT5Model):
    """mT5 that classifies a text."""


class MT5ForTokenClassification(t5.T5ForTokenClassification, body=MT5EncoderModel):
    """mT5's encoder that classifies each token."""
