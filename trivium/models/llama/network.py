"""LLaMA: a decoder of text with rotary positions, grouped heads, gated layers and norms of the mean square.

Touvron and others, arXiv:2302.13971; Dubey and others, arXiv:2407.21783. Checkpoint: meta-llama/Llama-3.2-1B.
Letters: B batch, T tokens, S keys, D width, N heads, K key heads, H head width, V vocabulary, L labels.
"""

from trivium.core.outputs import BaseModelOutput
from trivium.models.llama.config import LlamaConfig as Config

from .. import caches, heads, masks, nn, ops, rotary


class Attention(nn.Module):
    def __init__(self, c: Config, bias: bool, output_bias: bool):
        super().__init__()
        queries, keys = c.num_attention_heads * c.head_width, c.key_heads * c.head_width
        self.q_proj = nn.Linear(c.hidden_size, queries, bias=bias)
        self.k_proj = nn.Linear(c.hidden_size, keys, bias=bias)
        self.v_proj = nn.Linear(c.hidden_size, keys, bias=bias)
        self.o_proj = nn.Linear(queries, c.hidden_size, bias=output_bias)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.width = c.head_width

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        q, k = rotary.rotate(q, *angles), rotary.rotate(k, *angles)
        k, v, cache = caches.extend(cache, k, v)
        scale, causal = self.width**-0.5, mask is None
        x, weights = ops.attention(q, k, v, mask, causal=causal, scale=scale, dropout=self.dropout, weights=attentions)
        return self.o_proj(self.merge(x)), cache, weights

    def split(self, x):  # (B, T, N H) -> (B, T, N, H)
        batch, tokens, width = ops.shape(x)
        return ops.reshape(x, (batch, tokens, width // self.width, self.width))

    def merge(self, x):  # (B, T, N, H) -> (B, T, N H)
        batch, tokens, n, h = ops.shape(x)
        return ops.reshape(x, (batch, tokens, n * h))


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


class LlamaModel(nn.Model):
    """LLaMA without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, S), 0 hides, whose columns count from the start of
    the cache; position_ids (B, T); past_key_values from `init_cache`.
    """

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

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length)

    # what a relative replaces

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        return heads.embed(self.embed_tokens, input_ids, inputs_embeds)

    def mask(self, x, attention_mask, cache):  # -> (B or 1, 1, T, S), or None where `causal` says it all
        return masks.causal(x, attention_mask, cache)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        x = self.embed(input_ids, inputs_embeds)
        if position_ids is None:
            position_ids = caches.positions(past_key_values, x)
        x, kept = self.layers(
            x,
            *(self.rotary_emb(position_ids, x), self.mask(x, attention_mask, past_key_values)),
            cache=past_key_values,
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.norm(x)
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return BaseModelOutput(x, **kept)


class LlamaForCausalLM(heads.CausalLM, body=LlamaModel):
    """LLaMA that predicts the next token."""


class LlamaForSequenceClassification(heads.LastTokenClassification, body=LlamaModel):
    """LLaMA that classifies a text by its last token."""


class LlamaForTokenClassification(heads.TokenScores, body=LlamaModel):
    """LLaMA that classifies each token."""


class LlamaForQuestionAnswering(heads.QuestionAnswering, body=LlamaModel, prefix="transformer"):
    """LLaMA that finds the answer to a question in a text."""
