"""Phi: a decoder of text whose layers attend and compute side by side, with rotary positions in a part of each head.

Li and others, arXiv:2309.05463. Checkpoint: microsoft/phi-1_5.
Letters: B batch, T tokens, S keys, D width, N heads, K key heads, H head width, V vocabulary, L labels.
"""

from trivium.models.phi.config import PhiConfig as Config

from .. import caches, decoders, heads, multihead, nn, ops, rotary


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        queries, keys = c.num_attention_heads * c.head_width, c.key_heads * c.head_width
        self.q_proj = nn.Linear(c.hidden_size, queries)
        self.k_proj = nn.Linear(c.hidden_size, keys)
        self.v_proj = nn.Linear(c.hidden_size, keys)
        self.dense = nn.Linear(queries, c.hidden_size)
        self.normalised = c.qk_layernorm
        if c.qk_layernorm:
            self.q_layernorm = nn.LayerNorm(c.head_width, eps=c.layer_norm_eps)
            self.k_layernorm = nn.LayerNorm(c.head_width, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.key_heads, self.scale = c.num_attention_heads, c.key_heads, c.head_width**-0.5

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        q = multihead.split(self.q_proj(x), self.heads)  # (B, T, N, H)
        k, v = (multihead.split(project(x), self.key_heads) for project in (self.k_proj, self.v_proj))  # (B, T, K, H)
        if self.normalised:
            q, k = self.q_layernorm(q), self.k_layernorm(k)
        q, k = rotary.rotate(q, *angles), rotary.rotate(k, *angles)
        options = {"scale": self.scale, "dropout": self.dropout, "weights": attentions}
        x, cache, weights = caches.attend(cache, q, k, v, mask, **options)
        return self.dense(multihead.merge(x)), cache, weights


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.fc1 = nn.Linear(c.hidden_size, c.intermediate_size)
        self.fc2 = nn.Linear(c.intermediate_size, c.hidden_size)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.fc2(self.activation(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.self_attn = Attention(c)
        self.mlp = MLP(c)
        self.input_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.resid_dropout = nn.Dropout(c.resid_pdrop)

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        normal = self.input_layernorm(x)
        y, cache, weights = self.self_attn(normal, angles, mask, cache, attentions)
        x = self.resid_dropout(y) + self.resid_dropout(self.mlp(normal)) + x
        return x, {"past_key_values": cache, "attentions": weights}


class PhiModel(decoders.Decoder):
    """Phi without a head. Inputs: as Decoder's."""

    config_class = Config
    body_prefix = "model"
    input_embedding = "embed_tokens"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.embed_dropout = nn.Dropout(c.embd_pdrop)
        self.layers = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))
        self.final_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.rotary_emb = rotary.Rotary(c, int(c.head_width * c.partial_rotary_factor))

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        return self.embed_dropout(heads.embed(self.embed_tokens, input_ids, inputs_embeds))

    def finish(self, x):
        return self.final_layernorm(x)


class PhiForCausalLM(heads.CausalLM, body=PhiModel):
    """Phi that predicts the next token."""

    biased = True


class PhiForSequenceClassification(heads.LastTokenClassification, body=PhiModel):
    """Phi that classifies a text by its last token."""


class PhiForTokenClassification(heads.TokenScores, body=PhiModel):
    """Phi that classifies each token."""
