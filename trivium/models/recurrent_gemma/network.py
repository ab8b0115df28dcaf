"""RecurrentGemma: a decoder of text, Griffin, of layers with a gated linear recurrence and layers with local attention.

De and others, arXiv:2402.19427; Botev and others, arXiv:2404.07839. Checkpoint: google/recurrentgemma-2b.
Letters: B batch, T tokens, S keys, D width, C channels of a recurrence, K size of a kernel, N heads, H head width,
W channels of a head, V vocabulary.
"""

from trivium.core.init import ZEROS, Decays, Normal
from trivium.core.outputs import BaseModelOutput
from trivium.models.recurrent_gemma.config import RecurrentGemmaConfig as Config

from .. import caches, heads, masks, nn, ops, recurrent, rotary
from ..llama import network as llama


class Attention(llama.Attention):
    def __init__(self, c: Config):
        nn.Module.__init__(self)
        width, queries, keys = c.hidden_size, c.num_attention_heads * c.head_width, c.key_heads * c.head_width
        init = Normal(width**-0.5)
        self.q_proj = nn.Linear(width, queries, bias=c.attention_bias, init=init)
        self.k_proj = nn.Linear(width, keys, bias=c.attention_bias, init=init)
        self.v_proj = nn.Linear(width, keys, bias=c.attention_bias, init=init)
        self.o_proj = nn.Linear(queries, width, init=Normal(c.final_std * width**-0.5))
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.key_heads, self.scale = c.num_attention_heads, c.key_heads, c.head_width**-0.5

    def forward(self, x, angles, mask, begins, there, cache=None):  # (B, T, D) -> (B, T, D), cache
        x, cache, _ = super().forward(x, angles, mask, cache)
        return x, cache


class LinearRecurrentUnit(nn.Module):
    """RG-LRU: channels that decay and take in as gates say, which the token opens; equations 1 to 4 of Griffin."""

    def __init__(self, c: Config):
        super().__init__()
        n, width = c.num_attention_heads, c.recurrent_width // c.num_attention_heads
        init = Normal((c.w_init_variance_scale / width) ** 0.5)
        self.recurrent_param = nn.Parameter((c.recurrent_width,), Decays(0.9, 0.999))
        self.input_gate_weight = nn.Parameter((n, width, width), init)
        self.input_gate_bias = nn.Parameter((n, width), ZEROS)
        self.recurrent_gate_weight = nn.Parameter((n, width, width), init)
        self.recurrent_gate_bias = nn.Parameter((n, width), ZEROS)
        self.heads, self.width = n, width

    def forward(self, x, begins, state):  # (B, T, C), (B or 1, T, 1), (B, C) -> (B, T, C)
        opened = self.gate(x, self.recurrent_gate_weight, self.recurrent_gate_bias)
        logs = -8.0 * ops.cast(opened, "float32") * ops.softplus(ops.cast(self.recurrent_param, "float32"))  # (B, T, C)
        taken = ops.cast(x * self.gate(x, self.input_gate_weight, self.input_gate_bias), "float32")
        kept = ops.where(begins, logs * 0, ops.exp(logs))
        added = taken * ops.where(begins, logs * 0 + 1, bounded_sqrt(1 - ops.exp(2 * logs)))
        return ops.linear_scan(kept, added, state)

    def gate(self, x, weight, bias):  # (B, T, C), (N, W, W), (N, W) -> (B, T, C)
        batch, tokens, width = ops.shape(x)
        split = ops.reshape(x, (batch, tokens, self.heads, self.width))  # (B, T, N, W)
        split = ops.einsum("btnw,nwv->btnv", split, ops.cast_like(weight, x)) + ops.cast_like(bias, x)
        return ops.sigmoid(ops.reshape(split, (batch, tokens, width)))


def bounded_sqrt(x):
    """The square root, whose gradient is at most 1000, where x is near zero: appendix A of Griffin."""
    slope = ops.stop_gradient(1 / ops.sqrt(ops.maximum(4 * x, 1e-6)))
    return x * slope + ops.stop_gradient(ops.sqrt(x) - x * slope)


class RecurrentBlock(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width, init = c.recurrent_width, Normal(c.hidden_size**-0.5)
        kernels = Normal((c.w_init_variance_scale / c.conv1d_width) ** 0.5)
        self.linear_y = nn.Linear(c.hidden_size, width, init=init)
        self.linear_x = nn.Linear(c.hidden_size, width, init=init)
        self.linear_out = nn.Linear(width, c.hidden_size, init=Normal(c.final_std * width**-0.5))
        self.conv_1d = nn.Conv1d(width, width, c.conv1d_width, groups=width, init=kernels)
        self.rg_lru = LinearRecurrentUnit(c)
        self.activation = ops.activation(c.hidden_activation)
        self.kernel_size, self.width = c.conv1d_width, width

    def forward(self, x, angles, mask, begins, there, cache=None):  # (B, T, D) -> (B, T, D), cache
        gate = self.activation(self.linear_y(x))  # (B, T, C)
        x = self.linear_x(x)  # (B, T, C)
        recent, state = recurrent.begin(cache, x, self.kernel_size, (self.width,))
        x, inputs = recurrent.convolve(self.conv_1d, recent, x if there is None else x * ops.cast_like(there, x))
        states = self.rg_lru(x, begins, state)
        return self.linear_out(ops.cast_like(states, x) * gate), recurrent.keep(cache, inputs, states)


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.intermediate_size // 2
        self.gate_proj = nn.Linear(c.hidden_size, width)
        self.up_proj = nn.Linear(c.hidden_size, width)
        self.down_proj = nn.Linear(width, c.hidden_size)
        self.activation = ops.activation(c.hidden_activation)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c: Config, kind: str):
        super().__init__()
        self.temporal_pre_norm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps, shift=1.0)
        self.temporal_block = {"recurrent": RecurrentBlock, "attention": Attention}[kind](c)
        self.channel_pre_norm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps, shift=1.0)
        self.mlp_block = MLP(c)

    def forward(self, x, angles, mask, begins, there, cache=None):  # (B, T, D) -> (B, T, D)
        y, cache = self.temporal_block(self.temporal_pre_norm(x), angles, mask, begins, there, cache)
        x = x + y
        return x + self.mlp_block(self.channel_pre_norm(x)), {"past_key_values": cache}


class RecurrentGemmaModel(nn.Model):
    """RecurrentGemma without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, S), 0 hides, whose columns count from the start of
    the cache; position_ids (B, T), of which 0 begins a text: recurrences forget what came before, and below 0 there is none;
    past_key_values from `init_cache`. A token sees `attention_window_size` keys before its own, as in Google's own code;
    Transformers 4.52 agrees with it as long as texts are no longer than that.
    """

    config_class = Config
    body_prefix = "model"
    input_embedding = "embed_tokens"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.Layers(Layer(c, kind) for kind in c.kinds)
        self.final_norm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps, shift=1.0)
        self.rotary_emb = rotary.Rotary(c, c.head_width // 2)

    def initializer(self, config):
        return Normal((config.w_init_variance_scale / config.conv1d_width) ** 0.5)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values: states of recurrent layers, for the others room for `max_length` tokens or a window."""
        c = self.config
        window = c.attention_window_size + 1
        sizes = batch_size, c.recurrent_width, c.conv1d_width, (c.recurrent_width,)
        return tuple(
            recurrent.empty(self, *sizes)
            if kind == "recurrent"
            else caches.empty_layer(self, batch_size, max_length, window=window)
            for kind in c.kinds
        )

    def mask(self, x, attention_mask, cache):  # -> (B or 1, 1, T, S), or None where nobody attends
        if "attention" not in self.config.kinds:
            return None
        return masks.causal(x, attention_mask, cache, self.config.attention_window_size + 1)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        output_hidden_states=None,
    ):
        c = self.config
        x = heads.embed(self.embed_tokens, input_ids, inputs_embeds)  # (B, T, D)
        there = None if position_ids is None else position_ids[..., None] >= 0
        if position_ids is None:
            position_ids = caches.positions(past_key_values, x)
        mask = self.mask(x, attention_mask, past_key_values)
        scale = ops.cast(ops.constant((c.hidden_size**0.5,), like=x), "bfloat16")  # as when Gemma was trained
        x, kept = self.layers(
            x * ops.cast_like(scale, x),
            self.rotary_emb(position_ids, x),
            mask,
            position_ids[..., None] == 0,
            there,
            cache=past_key_values,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.final_norm(x)
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return BaseModelOutput(x, **kept)


class RecurrentGemmaForCausalLM(heads.CausalLM, body=RecurrentGemmaModel):
    """RecurrentGemma that predicts the next token."""

    def unembed(self, x):
        cap = ops.cast_like(ops.constant((self.config.logits_soft_cap,), like=x), x)
        return ops.tanh(super().unembed(x) / cap) * cap
