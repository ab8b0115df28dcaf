"""Mistral: LLaMA whose tokens see a window of the last tokens only.

Jiang and others, arXiv:2310.06825. Checkpoint: mistralai/Mistral-7B-v0.1. Letters: as in `llama`.
"""

from trivium.models.mistral.config import MistralConfig as Config

from .. import caches, heads, masks
from ..llama import network as llama


class MistralModel(llama.LlamaModel):
    """Mistral without a head. Inputs: as Decoder's."""

    config_class = Config

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens; of a window, where that is shorter."""
        c = self.config
        return tuple(
            caches.empty_layer(self, batch_size, max_length, window=c.sliding_window) for _ in range(c.num_hidden_layers)
        )

    def mask(self, x, attention_mask, cache):  # -> (B or 1, 1, T, S)
        # Unlike Llama: what is a window or more behind is hidden.
        return masks.causal(x, attention_mask, cache, self.config.sliding_window)


class MistralForCausalLM(heads.CausalLM, body=MistralModel):
    """Mistral that predicts the next token."""


class MistralForSequenceClassification(heads.LastTokenClassification, body=MistralModel):
    """Mistral that classifies a text by its last token."""


class MistralForTokenClassification(heads.TokenScores, body=MistralModel):
    """Mistral that classifies each token."""


class MistralForQuestionAnswering(heads.QuestionAnswering, body=MistralModel):
    """Mistral that finds the answer to a question in a text."""
