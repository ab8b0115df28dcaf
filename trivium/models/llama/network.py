"""LLaMA: a decoder of text with rotary positions, grouped heads, gated layers and norms of the mean square.

Touvron and others, arXiv:2302.13971; Dubey and others, arXiv:2407.21783. Checkpoint: meta-llama/Llama-3.2-1B.
Letters: B batch, T tokens, S keys, D width, N heads, K key heads, H head width, V vocabulary, L labels.
"""

from trivium.models.llama.config import LlamaConfig as Config

from .. import caches, decoders, heads, multihead, nn, ops, rotary


class Attention(nn.Module):
    def __init__(self, c: Config, bias: bool, output_bias: bool):
        super().__init__()
        queries, keys = c.num_attention_heads * c.head_width, c.key_heads * c.head_width
        self.q_proj = nn.Linear(c.hidden_size, queries, bias=bias)
        self.k_proj = nn.Linear(c.hidden_size, keys, bias=bias)
        self.v_proj = nn.Linear(c.hidden_size, keys, bias=bias)
        self.o_proj = nn.Linear(queries, c.hidden_size, bias=output_bias)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.key_heads, self.scale = c.num_attention_heads, c.key_heads, c.head_width**-0.5

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        q = multihead.split(self.q_proj(x), self.heads)  # (B, T, N, H)
        k, v = (multihead.split(project(x), self.key_heads) for project in (self.k_proj, self.v_proj))  # (B, T, K, H)
        q, k = rotary.rotate(q, *angles), rotary.rotate(k, *angles)
        options = {"scale": self.scale, "dropout": self.dropout, "weights": attentions}
        x, cache, weights = caches.attend(cache, q, k, v, mask, **options)
        return self.o_proj(multihead.merge(x)), cache, weights


class MLP(nn.Module):
    def __init__(self, c: Config, bias: bool):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=bias)
        self.up_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=bias)
        self.down_proj = nn.Linear(c.intermediate_size, c.hidden_size, bias=bias)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c: Config, index: int):
        super().__init__()
        self.self_attn = self.make_attention(c)
        self.mlp = self.make_mlp(c)
        self.input_layernorm = self.make_norm(c)
        self.post_attention_layernorm = self.make_norm(c)

    # what a relative replaces

    @staticmethod
    def make_attention(c: Config):
        return Attention(c, bias=c.attention_bias, output_bias=c.attention_bias)

    @staticmethod
    def make_mlp(c: Config):
        return MLP(c, bias=c.mlp_bias)

    @staticmethod
    def make_norm(c: Config):
        return nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, cache, weights = self.self_attn(self.input_layernorm(x), angles, mask, cache, attentions)
        x = x + y
        x = x + self.mlp(self.post_attention_layernorm(x))
        return x, {"past_key_values": cache, "attentions": weights}


class LlamaModel(decoders.Decoder):
    """LLaMA without a head. Inputs: as Decoder's."""

    config_class = Config
    body_prefix = "model"
    input_embedding = "embed_tokens"
    layer_class = Layer

    def __init__(self, c: Config):
        super().__init__(c)
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.Layers(self.layer_class(c, index) for index in range(c.num_hidden_layers))
        self.norm = self.layer_class.make_norm(c)
        self.rotary_emb = rotary.Rotary(c, c.head_width)

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        return heads.embed(self.embed_tokens, input_ids, inputs_embeds)

    def finish(self, x):
        return self.norm(x)


class LlamaForCausalLM(heads.CausalLM, body=LlamaModel):
    """LLaMA that predicts the next token."""


class LlamaForSequenceClassification(heads.LastTokenClassification, body=LlamaModel):
    """LLaMA that classifies a text by its last token."""


class LlamaForTokenClassification(heads.TokenScores, body=LlamaModel):
    """LLaMA that classifies each token."""


class LlamaForQuestionAnswering(heads.QuestionAnswering, body=LlamaModel, prefix="transformer"):
    """LLaMA that finds the answer to a question in a text."""
