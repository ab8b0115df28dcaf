"""BLOOM: a decoder of text whose attention is biased by distance (ALiBi).

BigScience Workshop, arXiv:2211.05100. Checkpoint: bigscience/bloom-560m.
Letters: B batch, T tokens, S keys, D width, N heads, H head width, V vocabulary, L labels.
"""

from trivium.models.bloom.config import BloomConfig as Config

from .. import alibi, caches, decoders, heads, multihead, nn, ops


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.query_key_value = nn.Linear(c.hidden_size, 3 * c.hidden_size)
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)
        self.attention_dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.n_head, c.head_width**-0.5

    def forward(self, x, bias, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        x = multihead.split(self.query_key_value(x), self.heads)  # (B, T, N, 3 H), the three of a head side by side
        q, k, v = ops.split(x, 3, -1)
        options = {"scale": self.scale, "dropout": self.attention_dropout, "bias": bias, "weights": attentions}
        x, cache, weights = caches.attend(cache, q, k, v, mask, **options)
        return self.dense(multihead.merge(x)), cache, weights


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense_h_to_4h = nn.Linear(c.hidden_size, 4 * c.hidden_size)
        self.dense_4h_to_h = nn.Linear(4 * c.hidden_size, c.hidden_size)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.dense_4h_to_h(ops.gelu_tanh(self.dense_h_to_4h(x)))


class Block(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.self_attention = Attention(c)
        self.post_attention_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.mlp = MLP(c)
        self.dropout = nn.Dropout(c.hidden_dropout)
        self.adds_normal = c.apply_residual_connection_post_layernorm

    def forward(self, x, bias, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        normal = self.input_layernorm(x)
        y, cache, weights = self.self_attention(normal, bias, mask, cache, attentions)
        x = (normal if self.adds_normal else x) + self.dropout(y)
        normal = self.post_attention_layernorm(x)
        x = (normal if self.adds_normal else x) + self.dropout(self.mlp(normal))
        return x, {"past_key_values": cache, "attentions": weights}


class BloomModel(decoders.Decoder):
    """BLOOM without a head.

    Inputs: as Decoder's. position_ids are taken for the sake of callers that have them, and change nothing: a key's position
    is the number of visible ones before it.
    """

    config_class = Config
    body_prefix = "transformer"
    input_embedding = "word_embeddings"

    def __init__(self, c: Config):
        super().__init__(c)
        self.word_embeddings = nn.Embedding(c.vocab_size, c.hidden_size)
        self.word_embeddings_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.h = nn.Layers(Block(c) for _ in range(c.n_layer))
        self.ln_f = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        return self.word_embeddings_layernorm(heads.embed(self.word_embeddings, input_ids, inputs_embeds))

    def get_layers(self):
        return self.h

    def shared(self, x, position_ids, attention_mask, cache):
        return alibi.bias(x, attention_mask, cache, self.config.n_head), self.mask(x, attention_mask, cache)

    def finish(self, x):
        return self.ln_f(x)


class BloomForCausalLM(heads.CausalLM, body=BloomModel):
    """BLOOM that predicts the next token."""


class BloomForSequenceClassification(heads.LastTokenClassification, body=BloomModel):
    """BLOOM that classifies a text by its last token."""


class BloomForTokenClassification(heads.TokenClassification, body=BloomModel):
    """BLOOM that classifies each token."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.hidden_dropout if c.classifier_dropout is None else c.classifier_dropout


class BloomForQuestionAnswering(heads.QuestionAnswering, body=BloomModel):
    """BLOOM that finds the answer to a question in a text."""
