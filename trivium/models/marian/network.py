"""Marian: the translators of the University of Helsinki, trained with the toolkit of that name; BART with fixed positions.

Junczys-Dowmunt and others, arXiv:1804.00344. Checkpoint: Helsinki-NLP/opus-mt-en-de.
Letters: as in `encoder_decoders`.
"""

from trivium.models.marian.config import MarianConfig as Config

from .. import encoder_decoders, nn
from ..pegasus import network as pegasus

# Unlike BART: no norm of the embeddings
STYLE = encoder_decoders.Style(pegasus.sinusoids, scales_given=True)


class MarianModel(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = STYLE

    def __init__(self, c: Config):
        nn.Model.__init__(self, c)
        shares = c.share_encoder_decoder_embeddings
        if shares:
            self.shared = nn.Embedding(c.vocab_size, c.d_model)
        self.encoder = encoder_decoders.Encoder(c, self.style, tied=shares)
        self.decoder = encoder_decoders.Decoder(c, self.style, tied=shares)

    # Unlike BART: there may be two vocabularies, of which the output's is the decoder's

    @property
    def input_embedding(self):
        return "shared" if self.config.share_encoder_decoder_embeddings else "decoder.embed_tokens"

    @property
    def other_ties(self):
        return super().other_ties if self.config.share_encoder_decoder_embeddings else {}

    def shared_embedding(self):
        return self.shared if self.config.share_encoder_decoder_embeddings else None


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config
    style = STYLE


class MarianMTModel(encoder_decoders.ConditionalGeneration, body=MarianModel):
    """Marian that translates."""


class MarianForCausalLM(encoder_decoders.CausalLM, body=Decoder):
    """Marian's decoder, which predicts the next token."""
