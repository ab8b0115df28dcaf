"""Gemma: LLaMA with norms whose weights are distances from one, and embeddings scaled by the root of their width.

Gemma Team, arXiv:2403.08295. Checkpoint: google/gemma-2b. Letters: as in `llama`.
"""

from trivium.models.gemma.config import GemmaConfig as Config

from .. import heads, nn, ops
from ..llama import network as llama


class Layer(llama.Layer):
    @staticmethod
    def make_norm(c: Config):
        # Unlike Llama: the weight is what is added to one.
        return nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps, shift=1.0)


class GemmaModel(llama.LlamaModel):
    """Gemma without a head. Inputs: as Decoder's."""

    config_class = Config
    layer_class = Layer

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        # Unlike Llama: scaled, inputs_embeds too. The scale is rounded to the dtype of the weights, as when Gemma was trained.
        x = super().embed(input_ids, inputs_embeds)
        return x * ops.cast_like(ops.constant((self.config.hidden_size**0.5,), like=x), x)


class GemmaForCausalLM(heads.CausalLM, body=GemmaModel):
    """Gemma that predicts the next token."""


class GemmaForSequenceClassification(heads.LastTokenClassification, body=GemmaModel):
    """Gemma that classifies a text by its last token."""


class GemmaForTokenClassification(heads.TokenScores, body=GemmaModel):
    """Gemma that classifies each token."""
