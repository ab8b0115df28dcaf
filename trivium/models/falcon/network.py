"""Falcon: a decoder of text with few key heads, in three layouts (7B, 40B, RW), with rotary positions or ALiBi.

Almazrouei and others, arXiv:2311.16867. Checkpoint: tiiuae/falcon-7b.
Letters: B batch, T tokens, S keys, D width, N heads, K key heads, H head width, V vocabulary, L labels.
"""

from trivium.models.falcon.config import FalconConfig as Config

from .. import alibi, caches, decoders, heads, multihead, nn, ops, rotary


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.query_key_value = nn.Linear(c.hidden_size, (c.num_attention_heads + 2 * c.key_heads) * c.head_width, bias=c.bias)
        self.dense = nn.Linear(c.hidden_size, c.hidden_size, bias=c.bias)
        self.dropout = nn.Dropout(c.attention_dropout if c.alibi else 0.0)  # with rotary positions there is none
        self.groups, self.group, self.scale = c.key_heads, c.num_attention_heads // c.key_heads, c.head_width**-0.5

    def forward(self, x, angles, bias, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        q, k, v = self.split(self.query_key_value(x))
        if angles is not None:
            q, k = rotary.rotate(q, *angles), rotary.rotate(k, *angles)
        options = {"scale": self.scale, "dropout": self.dropout, "bias": bias, "weights": attentions}
        x, cache, weights = caches.attend(cache, q, k, v, mask, **options)
        return self.dense(multihead.merge(x)), cache, weights

    def split(self, x):  # (B, T, (N + 2 K) H) -> (B, T, N, H), two of (B, T, K, H)
        batch, tokens, width = ops.shape(x)
        h = width // (self.groups * (self.group + 2))
        x = ops.reshape(x, (batch, tokens, self.groups, self.group + 2, h))  # a group's queries, its key, its value
        q = ops.reshape(x[:, :, :, : self.group], (batch, tokens, self.groups * self.group, h))
        return q, x[:, :, :, self.group], x[:, :, :, self.group + 1]


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.ffn_hidden_size or 4 * c.hidden_size
        self.dense_h_to_4h = nn.Linear(c.hidden_size, width, bias=c.bias)
        self.dense_4h_to_h = nn.Linear(width, c.hidden_size, bias=c.bias)
        self.activation = ops.activation(c.activation)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.dense_4h_to_h(self.activation(self.dense_h_to_4h(x)))


class Layer(nn.Module):
    """Attention and MLP side by side, with a norm in common or one each, or one after the other."""

    def __init__(self, c: Config):
        super().__init__()
        self.self_attention = Attention(c)
        self.mlp = MLP(c)
        self.parallel, self.two_norms = c.parallel_attn, c.has_two_norms
        if self.two_norms:
            self.ln_attn = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
            self.ln_mlp = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        else:
            self.input_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        if not self.parallel:
            self.post_attention_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.attention_dropout = nn.Dropout(c.attention_dropout)
        self.hidden_dropout = nn.Dropout(c.hidden_dropout)

    def forward(self, x, angles, bias, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        normal = self.ln_attn(x) if self.two_norms else self.input_layernorm(x)
        y, cache, weights = self.self_attention(normal, angles, bias, mask, cache, attentions)
        if self.parallel:
            x = x + self.hidden_dropout(self.mlp(self.ln_mlp(x) if self.two_norms else normal) + y)
        else:
            x = x + self.attention_dropout(y)
            x = x + self.hidden_dropout(self.mlp(self.post_attention_layernorm(x)))
        return x, {"past_key_values": cache, "attentions": weights}


class FalconModel(decoders.Decoder):
    """Falcon without a head. Inputs: as Decoder's; with ALiBi position_ids change nothing."""

    config_class = Config
    body_prefix = "transformer"
    input_embedding = "word_embeddings"

    def __init__(self, c: Config):
        super().__init__(c)
        self.word_embeddings = nn.Embedding(c.vocab_size, c.hidden_size)
        self.h = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))
        self.ln_f = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.rotary_emb = rotary.Rotary(c, c.head_width)

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        return heads.embed(self.word_embeddings, input_ids, inputs_embeds)

    def get_layers(self):
        return self.h

    def shared(self, x, position_ids, attention_mask, cache):
        c, mask = self.config, self.mask(x, attention_mask, cache)
        if not c.alibi:
            return self.rotary_emb(position_ids, x), None, mask
        # scaled as the products are, and made in bfloat16, as when Falcon was trained
        options = {"scale": c.head_width**-0.5, "made_in": "bfloat16"}
        return None, alibi.bias(x, attention_mask, cache, c.num_attention_heads, **options), mask

    def finish(self, x):
        return self.ln_f(x)


class FalconForCausalLM(heads.CausalLM, body=FalconModel):
    """Falcon that predicts the next token."""


class FalconForSequenceClassification(heads.LastTokenClassification, body=FalconModel):
    """Falcon that classifies a text by its last token."""


class FalconForTokenClassification(heads.TokenClassification, body=FalconModel):
    """Falcon that classifies each token."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.hidden_dropout if c.classifier_dropout is None else c.classifier_dropout


class FalconForQuestionAnswering(heads.QuestionAnswering, body=FalconModel):
    """Falcon that finds the answer to a question in a text."""
