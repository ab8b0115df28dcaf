"""TrOCR: BART's decoder that reads what an encoder of images sees of a line of text.

Li and others, arXiv:2109.10282. Checkpoint: microsoft/trocr-base-handwritten, as a part of a VisionEncoderDecoder.
Letters: as in `encoder_decoders`.
"""

from trivium.core.init import ZEROS
from trivium.models.trocr.config import TrOCRConfig as Config

from .. import caches, encoder_decoders, heads, nn
from ..bart import network as bart
from ..m2m_100 import network as m2m_100


class Sinusoids(m2m_100.Sinusoids):
    def __init__(self, c: Config):
        super().__init__(c)
        self._float_tensor = nn.Buffer((1,), ZEROS)  # checkpoints have it, and nothing reads it


class Decoder(encoder_decoders.DecoderAlone):
    config_class = Config

    @property
    def style(self):
        c = self.config
        learned = c.use_learned_position_embeddings
        return encoder_decoders.Style(
            bart.learned_positions if learned else Sinusoids,
            offset=2 if learned else 0,
            norms_embeddings=c.layernorm_embedding,
            attended=c.cross_attention_hidden_size,
        )

    def positions(self, input_ids, x, cache):
        if self.config.use_learned_position_embeddings:
            return caches.positions(cache, x)
        return m2m_100.positions(self.config, input_ids, x, cache)


class TrOCRForCausalLM(heads.Generates, heads.MaskedLM, body=Decoder):
    """TrOCR's decoder, which predicts the next token. Labels: (B, T), shifted by the caller, -100 where there is none."""

    output_embedding = "output_projection"
    optional = ("output_projection",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.output_projection = nn.Unembedding(c.d_model, c.vocab_size, tied=c.tie_word_embeddings)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.output_projection(x, self.get_input_embeddings())
