"""umT5: mT5 with its languages evenly sampled, and a bias of distances in each layer.

Chung and others, arXiv:2304.09151. Checkpoint: google/umt5-small.
"""

from trivium.models.umt5.config import UMT5Config as Config

from ..t5 import network as t5


class UMT5Model(t5.T5Model):
    __doc__ = t5.T5Model.__doc__
    config_class = Config
    each_biased = True  # Unlike T5


class UMT5EncoderModel(t5.T5EncoderModel):
    __doc__ = t5.T5EncoderModel.__doc__
    config_class = Config
    each_biased = True  # Unlike T5


class UMT5ForConditionalGeneration(t5.T5ForConditionalGeneration):
    """umT5 that writes a text after another; its names have no prefix. Labels: as `heads.Seq2SeqLM` has them."""

    config_class = Config
    each_biased = True  # Unlike T5


class UMT5ForQuestionAnswering(t5.T5ForQuestionAnswering):
    """umT5 that finds the answer to a question in a text; its names have no prefix."""

    config_class = Config
    each_biased = True  # Unlike T5


class UMT5ForSequenceClassification(t5.T5ForSequenceClassification, body=UMT5Model):
    """umT5 that classifies a text."""


class UMT5ForTokenClassification(t5.T5ForTokenClassification, body=UMT5EncoderModel):
    """umT5's encoder that classifies each token."""
