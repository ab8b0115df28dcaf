"""The transformer that CLIP and those after it have in both of their encoders, of texts and of images.

Letters: B batch, T tokens, D width, N heads. `c` is the config of one encoder, text_config or vision_config.
"""

from trivium.core.errors import InputError
from trivium.core.init import Normal

from . import nn, ops


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c.hidden_size
        inner = Normal(width**-0.5 * (2 * c.num_hidden_layers) ** -0.5 * c.initializer_factor)
        self.k_proj = nn.Linear(width, width, init=inner)
        self.v_proj = nn.Linear(width, width, init=inner)
        self.q_proj = nn.Linear(width, width, init=inner)
        self.out_proj = nn.Linear(width, width, init=Normal(width**-0.5 * c.initializer_factor))
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.num_attention_heads, (width // c.num_attention_heads) ** -0.5

    def forward(self, x, mask, causal, attentions):  # (B, T, D) -> (B, T, D), weights
        batch, tokens, width = ops.shape(x)
        shape = (batch, tokens, self.heads, width // self.heads)
        q, k, v = (ops.reshape(y, shape) for y in (self.q_proj(x), self.k_proj(x), self.v_proj(x)))  # (B, T, N, D / N)
        causal = causal and mask is None
        x, weights = ops.attention(q, k, v, mask, causal=causal, scale=self.scale, dropout=self.dropout, weights=attentions)
        return self.out_proj(ops.reshape(x, (batch, tokens, width))), weights


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, factor = c.hidden_size, c.initializer_factor
        self.activation = ops.activation(c.hidden_act)
        self.fc1 = nn.Linear(width, c.intermediate_size, init=Normal((2 * width) ** -0.5 * factor))
        inner = Normal(width**-0.5 * (2 * c.num_hidden_layers) ** -0.5 * factor)
        self.fc2 = nn.Linear(c.intermediate_size, width, init=inner)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.fc2(self.activation(self.fc1(x)))


class Layer(nn.Module):
    attention_class = Attention
    mlp_class = MLP

    def __init__(self, c):
        super().__init__()
        self.self_attn = self.attention_class(c)
        self.layer_norm1 = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.mlp = self.mlp_class(c)
        self.layer_norm2 = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def forward(self, x, mask=None, causal=False, cache=None, attentions=False):  # (B, T, D), mask -> (B, T, D)
        y, weights = self.self_attn(self.layer_norm1(x), mask, causal, attentions)
        x = x + y
        return x + self.mlp(self.layer_norm2(x)), {"attentions": weights}


class Encoder(nn.Module):
    def __init__(self, c, layer_class: type = Layer):
        super().__init__()
        self.layers = nn.Layers(layer_class(c) for _ in range(c.num_hidden_layers))
        self.asked = c.output_attentions, c.output_hidden_states

    def forward(self, x, *shared, output_attentions, output_hidden_states):
        return self.layers(
            *(x, *shared),
            attentions=self.asked[0] if output_attentions is None else output_attentions,
            hidden_states=self.asked[1] if output_hidden_states is None else output_hidden_states,
        )


def check_size(pixel_values, size, interpolates):
    """Raises InputError unless images (B, C, H, W) are `size` high and wide, or the positions are interpolated."""
    h, w = ops.shape(pixel_values)[2:]
    if not interpolates and isinstance(h, int) and isinstance(w, int) and (h, w) != (size, size):
        why = f"images are {h} x {w}; the config says {size} x {size}"
        raise InputError(why, hint="resize them, or pass interpolate_pos_encoding=True")


def image_shapes(c):
    """What an encoder of images is usually called with."""
    return {"pixel_values": ((None, c.num_channels, c.image_size, c.image_size), "float32")}
