"""RoBERTa-PreLayerNorm: RoBERTa that normalises what enters a layer instead of what leaves it.

Ott and others, fairseq, arXiv:1904.01038. Checkpoint: andreasmadsen/efficient_mlm_m0.40. A relative of RoBERTa.
Letters: B batch, T tokens, S keys, D width.
"""

from trivium.models.roberta_prelayernorm.config import RobertaPreLayerNormConfig as Config

from .. import nn
from ..bert import network as bert
from ..roberta import network as roberta


class Add(nn.Module):
    # Unlike Roberta: no norm
    def __init__(self, width: int, c: Config):
        super().__init__()
        self.dense = nn.Linear(width, c.hidden_size)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, y, x):  # (B, T, width), (B, T, D) -> (B, T, D)
        return self.dropout(self.dense(y)) + x


class Attention(nn.Module):
    def __init__(self, c: Config, causal: bool, crosses: bool):
        super().__init__()
        self.self = bert.SelfAttention(c, causal, crosses)
        self.output = Add(c.hidden_size, c)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.crosses = crosses

    def forward(self, x, source, mask, cache=None, attentions=False):  # (B, T, D), (B, S, D) -> (B, T, D), cache, weights
        y = self.LayerNorm(x)
        y, cache, weights = self.self(y, source if self.crosses else y, mask, cache, attentions)
        return self.output(y, x), cache, weights


class Intermediate(bert.Intermediate):
    def __init__(self, c: Config):
        super().__init__(c)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def forward(self, x):  # (B, T, D) -> (B, T, intermediate_size)
        return super().forward(self.LayerNorm(x))


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = Attention(c, causal=c.is_decoder, crosses=False)
        if c.add_cross_attention:
            self.crossattention = Attention(c, causal=False, crosses=True)
        self.intermediate = Intermediate(c)
        self.output = Add(c.intermediate_size, c)

    forward = bert.Layer.forward


class RobertaPreLayerNormModel(roberta.RobertaModel):
    """RoBERTa-PreLayerNorm without a head. Inputs: those of RoBERTa; hidden_states are not normalised."""

    config_class = Config
    body_prefix = "roberta_prelayernorm"
    layer_class = Layer

    def __init__(self, c: Config, add_pooling_layer: bool = True):
        super().__init__(c, add_pooling_layer=add_pooling_layer)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def finish(self, x):  # (B, T, D) -> (B, T, D)
        return self.LayerNorm(x)


class RobertaPreLayerNormForMaskedLM(roberta.RobertaForMaskedLM, body=RobertaPreLayerNormModel):
    """RoBERTa-PreLayerNorm that predicts masked tokens."""


class RobertaPreLayerNormForCausalLM(roberta.RobertaForCausalLM, body=RobertaPreLayerNormModel):
    """RoBERTa-PreLayerNorm that predicts each token from those before it, as a decoder."""


class RobertaPreLayerNormForSequenceClassification(roberta.RobertaForSequenceClassification, body=RobertaPreLayerNormModel):
    """RoBERTa-PreLayerNorm that classifies a text or a pair of texts."""


class RobertaPreLayerNormForMultipleChoice(roberta.RobertaForMultipleChoice, body=RobertaPreLayerNormModel):
    """RoBERTa-PreLayerNorm that chooses among several continuations."""


class RobertaPreLayerNormForTokenClassification(roberta.RobertaForTokenClassification, body=RobertaPreLayerNormModel):
    """RoBERTa-PreLayerNorm that classifies each token."""


class RobertaPreLayerNormForQuestionAnswering(roberta.RobertaForQuestionAnswering, body=RobertaPreLayerNormModel):
    """RoBERTa-PreLayerNorm that finds the answer to a question in a text."""
