"""The encoder of images that BLIP and those after it have: as in `towers`, but queries, keys and values come of one matrix.

Letters: B batch, T tokens, C channels, H W image size, h w patches along it, D width, N heads. `c` is the encoder's config.
"""

from trivium.core.init import TruncatedNormal

from . import multihead, nn, ops, towers


class Embeddings(nn.Module):
    def __init__(self, c):
        super().__init__()
        init, size = TruncatedNormal(c.initializer_range), (c.patch_size, c.patch_size)
        self.class_embedding = nn.Parameter((1, 1, c.hidden_size), init)
        self.position_embedding = nn.Parameter((1, c.grid**2 + 1, c.hidden_size), init)
        self.patch_embedding = nn.Conv2d(c.num_channels, c.hidden_size, kernel_size=size, stride=size)
        self.grid = c.grid

    def forward(self, pixel_values, interpolates):  # (B, C, H, W) -> (B, h w + 1, D)
        x = self.patch_embedding(ops.transpose(pixel_values, (0, 2, 3, 1)))
        batch, h, w, width = ops.shape(x)
        first, positions = (ops.cast_like(y, x) for y in (self.class_embedding, self.position_embedding))
        x = ops.concat([ops.broadcast_to(first, (batch, 1, width)), ops.reshape(x, (batch, h * w, width))], 1)
        if interpolates and (h, w) != (self.grid, self.grid):
            grid = ops.resize_bicubic(ops.reshape(positions[:, 1:], (1, self.grid, self.grid, width)), (h, w))
            positions = ops.concat([positions[:, :1], ops.reshape(grid, (1, h * w, width))], 1)
        return x + positions


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.qkv = nn.Linear(c.hidden_size, 3 * c.hidden_size)
        self.projection = nn.Linear(c.hidden_size, c.hidden_size)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.num_attention_heads, (c.hidden_size // c.num_attention_heads) ** -0.5

    def forward(self, x, mask, causal, attentions):  # (B, T, D) -> (B, T, D), weights
        q, k, v = (multihead.split(y, self.heads) for y in ops.split(self.qkv(x), 3, -1))  # (B, T, N, D / N)
        x, weights = ops.attention(q, k, v, scale=self.scale, dropout=self.dropout, weights=attentions)
        return self.projection(multihead.merge(x)), weights


class MLP(towers.MLP):
    def __init__(self, c):
        nn.Module.__init__(self)
        self.activation = ops.activation(c.hidden_act)
        self.fc1 = nn.Linear(c.hidden_size, c.intermediate_size)
        self.fc2 = nn.Linear(c.intermediate_size, c.hidden_size)


class Layer(towers.Layer):
    attention_class = Attention
    mlp_class = MLP
