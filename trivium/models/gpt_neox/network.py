"""GPT-NeoX: a decoder of text whose layers attend and compute side by side, with rotary positions in a part of each head.

Black and others, arXiv:2204.06745; also Pythia, arXiv:2304.01373. Checkpoint: EleutherAI/pythia-70m.
Letters: B batch, T tokens, S keys, D width, N heads, H head width, V vocabulary, L labels.
"""

from trivium.models.gpt_neox.config import GPTNeoXConfig as Config

from .. import caches, decoders, heads, multihead, nn, ops, rotary


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.query_key_value = nn.Linear(c.hidden_size, 3 * c.hidden_size, bias=c.attention_bias)
        self.dense = nn.Linear(c.hidden_size, c.hidden_size, bias=c.attention_bias)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.num_attention_heads, c.head_width**-0.5

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        x = multihead.split(self.query_key_value(x), self.heads)  # (B, T, N, 3 H), the three of a head side by side
        q, k, v = ops.split(x, 3, -1)
        q, k = rotary.rotate(q, *angles), rotary.rotate(k, *angles)
        options = {"scale": self.scale, "dropout": self.dropout, "weights": attentions}
        x, cache, weights = caches.attend(cache, q, k, v, mask, **options)
        return self.dense(multihead.merge(x)), cache, weights


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense_h_to_4h = nn.Linear(c.hidden_size, c.intermediate_size)
        self.dense_4h_to_h = nn.Linear(c.intermediate_size, c.hidden_size)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.dense_4h_to_h(self.activation(self.dense_h_to_4h(x)))


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.post_attention_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.post_attention_dropout = nn.Dropout(c.hidden_dropout)
        self.post_mlp_dropout = nn.Dropout(c.hidden_dropout)
        self.attention = Attention(c)
        self.mlp = MLP(c)
        self.parallel = c.use_parallel_residual

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, cache, weights = self.attention(self.input_layernorm(x), angles, mask, cache, attentions)
        attended = x + self.post_attention_dropout(y)
        y = self.mlp(self.post_attention_layernorm(x if self.parallel else attended))
        return attended + self.post_mlp_dropout(y), {"past_key_values": cache, "attentions": weights}


class GPTNeoXModel(decoders.Decoder):
    """GPT-NeoX without a head. Inputs: as Decoder's."""

    config_class = Config
    body_prefix = "gpt_neox"
    input_embedding = "embed_in"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embed_in = nn.Embedding(c.vocab_size, c.hidden_size)
        self.emb_dropout = nn.Dropout(c.hidden_dropout)
        self.layers = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))
        self.final_layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.rotary_emb = rotary.Rotary(c, int(c.head_width * c.rotary_pct))

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        return self.emb_dropout(heads.embed(self.embed_in, input_ids, inputs_embeds))

    def finish(self, x):
        return self.final_layer_norm(x)


class GPTNeoXForCausalLM(heads.NextToken, body=GPTNeoXModel):
    """GPT-NeoX that predicts the next token."""

    output_embedding = "embed_out"
    optional = ("embed_out",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.embed_out = nn.Unembedding(c.hidden_size, c.vocab_size, tied=c.tie_word_embeddings)

    def unembed(self, x):
        return self.embed_out(x, self.get_input_embeddings())


class GPTNeoXForSequenceClassification(heads.LastTokenClassification, body=GPTNeoXModel):
    """GPT-NeoX that classifies a text by its last token."""


class GPTNeoXForTokenClassification(heads.TokenClassification, body=GPTNeoXModel):
    """GPT-NeoX that classifies each token."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.classifier_dropout


class GPTNeoXForQuestionAnswering(heads.QuestionAnswering, body=GPTNeoXModel):
    """GPT-NeoX that finds the answer to a question in a text."""
