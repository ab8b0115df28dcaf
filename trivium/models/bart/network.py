"""BART: a transformer that restores noised text, with an encoder of it and a decoder.

Lewis and others, arXiv:1910.13461. Checkpoint: facebook/bart-large-cnn.
Letters: as in `encoder_decoders`.
"""

from trivium.models.bart.config import BartConfig as Config

from .. import encoder_decoders, heads, nn


def learned_positions(c: Config):
    return nn.Embedding(c.max_position_embeddings + 2, c.d_model)  # fairseq counts from the padding token's number on


STYLE = encoder_decoders.Style(learned_positions, offset=2, norms_embeddings=True)


class BartModel(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = STYLE

    def first_ids(self, input_ids):  # (B, E) -> (B, E)
        return heads.shift_right(input_ids, self.config)


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config
    style = STYLE


class BartForConditionalGeneration(encoder_decoders.ConditionalGeneration, body=BartModel):
    """BART that writes a text after another."""


class BartForSequenceClassification(encoder_decoders.LastEndClassification, body=BartModel):
    """BART that classifies a text."""


class BartForQuestionAnswering(heads.Seq2SeqQuestionAnswering, body=BartModel):
    """BART that finds the answer to a question in a text."""


class BartForCausalLM(encoder_decoders.CausalLM, body=Decoder):
    """BART's decoder, which predicts the next token."""
