"""Mamba: a decoder of text without attention, whose layers remember by a state that each token decides how to change.

Gu and Dao, arXiv:2312.00752. Checkpoint: state-spaces/mamba-130m-hf.
Letters: B batch, T tokens, S columns of a mask, D width, C channels, K size of a kernel, R rank of the steps in time,
N numbers that a channel remembers, V vocabulary.
"""

from trivium.core.init import ONES, Constant, FanInUniform, LogPlaces, TimeSteps, Uniform
from trivium.core.outputs import BaseModelOutput
from trivium.models.mamba.config import MambaConfig as Config

from .. import heads, nn, ops, recurrent


class Mixer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width, plain = c.inner_width, FanInUniform()
        last = FanInUniform(c.num_hidden_layers**-0.5) if c.rescale_prenorm_residual else plain
        spread = c.rank**-0.5 * c.time_step_scale
        steps = Uniform(-spread, spread) if c.time_step_init_scheme == "random" else Constant(spread)
        bounds = TimeSteps(c.time_step_min, c.time_step_max, c.time_step_floor)
        bound = c.conv_kernel**-0.5
        conv_bias = Uniform(-bound, bound)
        self.A_log = nn.Parameter((width, c.state_size), LogPlaces())
        self.D = nn.Parameter((width,), ONES)
        self.conv1d = nn.Conv1d(
            width, width, c.conv_kernel, groups=width, bias=c.use_conv_bias, init=plain, bias_init=conv_bias
        )
        self.in_proj = nn.Linear(c.hidden_size, 2 * width, bias=c.use_bias, init=plain)
        self.x_proj = nn.Linear(width, c.rank + 2 * c.state_size, bias=False, init=plain)
        self.dt_proj = nn.Linear(c.rank, width, init=steps, bias_init=bounds)
        self.out_proj = nn.Linear(width, c.hidden_size, bias=c.use_bias, init=last)
        self.activation = ops.activation(c.hidden_act)
        self.kernel_size, self.width, self.states, self.rank = c.conv_kernel, width, c.state_size, c.rank

    def forward(self, x, visible, cache=None):  # (B, T, D), (B, T, 1) or None -> (B, T, D), cache
        x, gate = ops.split(self.in_proj(x), 2, -1)  # (B, T, C)
        x = x if visible is None else x * visible
        recent, state = recurrent.begin(cache, x, self.kernel_size, (self.width, self.states))
        x, inputs = recurrent.convolve(self.conv1d, recent, x)
        x = self.activation(x)
        x = x if visible is None else x * visible
        y, states = self.scan(x, state)
        y = (y + x * ops.cast_like(self.D, x)) * self.activation(gate)
        return self.out_proj(y), recurrent.keep(cache, inputs, states)

    def scan(self, x, state):  # (B, T, C), (B, C, N) -> (B, T, C), (B, T, C, N)
        """The recurrence of each channel, whose decay, input and output the token chooses; equations 2 and 4."""
        found = self.x_proj(x)  # (B, T, R + 2 N)
        steps = ops.cast(ops.softplus(self.dt_proj(found[..., : self.rank])), "float32")  # (B, T, C)
        taken = ops.cast(found[..., self.rank : self.rank + self.states], "float32")  # (B, T, N)
        shown = found[..., self.rank + self.states :]  # (B, T, N)
        decay = ops.exp(steps[..., None] * -ops.exp(ops.cast(self.A_log, "float32")))  # (B, T, C, N)
        added = (steps * ops.cast(x, "float32"))[..., None] * taken[:, :, None]  # (B, T, C, N)
        states = ops.linear_scan(decay, added, state)
        return ops.einsum("btcn,btn->btc", ops.cast_like(states, x), shown), states


class Block(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.mixer = Mixer(c)
        self.widens = c.residual_in_fp32

    def forward(self, x, visible, cache=None):  # (B, T, D), (B, T, 1) or None -> (B, T, D)
        y, cache = self.mixer(self.norm(ops.cast_like(x, self.mixer.D)), visible, cache)
        x = ops.cast(x, "float32") if self.widens else x
        return x + ops.cast_like(y, x), {"past_key_values": cache}


class MambaModel(nn.Model):
    """Mamba without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, S), 0 hides, whose columns count from the start of
    the cache; past_key_values from `init_cache`, which Transformers calls cache_params.
    """

    config_class = Config
    body_prefix = "backbone"
    input_embedding = "embeddings"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.Layers(Block(c) for _ in range(c.num_hidden_layers))
        self.norm_f = nn.RMSNorm(c.hidden_size, eps=c.layer_norm_epsilon)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values; its size does not depend on `max_length`, which other decoders ask for."""
        c = self.config
        sizes = batch_size, c.inner_width, c.conv_kernel, (c.inner_width, c.state_size)
        return tuple(recurrent.empty(self, *sizes) for _ in range(c.num_hidden_layers))

    def forward(self, input_ids=None, attention_mask=None, past_key_values=None, inputs_embeds=None, output_hidden_states=None):
        c = self.config
        embedded = heads.embed(self.embeddings, input_ids, inputs_embeds)  # (B, T, D)
        visible = None
        if attention_mask is not None:
            length = 0 if past_key_values is None else past_key_values[0].length
            visible = ops.cast_like(recurrent.columns(attention_mask, embedded, length), embedded)[..., None]
        wanted = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        x, kept = self.layers(embedded, visible, cache=past_key_values, hidden_states=wanted)
        x = self.norm_f(ops.cast_like(x, embedded))
        if wanted:
            kept["hidden_states"] = (*kept["hidden_states"][1:], x)
        return BaseModelOutput(x, **kept)


class MambaForCausalLM(heads.CausalLM, body=MambaModel):
    """Mamba that predicts the next token."""
