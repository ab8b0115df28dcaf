"""Qwen2: LLaMA with biases where queries, keys and values are made, and windows in its upper layers.

Yang and others, arXiv:2407.10671. Checkpoint: Qwen/Qwen2.5-0.5B. Letters: as in `llama`.
"""

from trivium.models.qwen2.config import Qwen2Config as Config

from .. import caches, heads, masks
from ..llama import network as llama


def slides(c: Config, index: int) -> bool:
    """Whether a layer sees a window only."""
    return c.use_sliding_window and index >= c.max_window_layers


class Layer(llama.Layer):
    def __init__(self, c: Config, index: int):
        super().__init__(c, index)
        self.slides = slides(c, index)

    @staticmethod
    def make_attention(c: Config):
        # Unlike Llama: the output has no bias.
        return llama.Attention(c, bias=True, output_bias=False)

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        # Unlike Llama: the upper layers see a window only (so in FlashAttention's path and in Transformers 5; its eager
        # path of version 4 hides the window in all layers, and says that it is not to be expected).
        everything, window = mask
        return super().forward(x, angles, window if self.slides else everything, cache, attentions)


class Qwen2Model(llama.LlamaModel):
    """Qwen2 without a head. Inputs: as Decoder's."""

    config_class = Config
    layer_class = Layer

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens; of a window, where a layer sees no more."""
        c = self.config
        windows = (c.sliding_window if slides(c, index) else None for index in range(c.num_hidden_layers))
        return tuple(caches.empty_layer(self, batch_size, max_length, window=window) for window in windows)

    def mask(self, x, attention_mask, cache):  # -> two of (B or 1, 1, T, S), for layers of each kind
        c = self.config
        if not c.use_sliding_window:
            return (masks.causal(x, attention_mask, cache),) * 2
        # one layer's cache of each kind; of a kind that there is not, nobody asks
        upper = cache if cache is None else cache[min(c.max_window_layers, c.num_hidden_layers - 1) :]
        return masks.causal(x, attention_mask, cache), masks.causal(x, attention_mask, upper, c.sliding_window)


class Qwen2ForCausalLM(heads.CausalLM, body=Qwen2Model):
    """Qwen2 that predicts the next token."""


class Qwen2ForSequenceClassification(heads.LastTokenClassification, body=Qwen2Model):
    """Qwen2 that classifies a text by its last token."""


class Qwen2ForTokenClassification(heads.TokenScores, body=Qwen2Model):
    """Qwen2 that classifies each token."""


class Qwen2ForQuestionAnswering(heads.QuestionAnswering, body=Qwen2Model, prefix="transformer"):
    """Qwen2 that finds the answer to a question in a text."""
