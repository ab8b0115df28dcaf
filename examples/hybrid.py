"""An architecture of one's own in one file: attention to keys that a convolution has mixed with those before them.

Letters: B batch, T tokens, S keys, D width, N heads, H head width.
"""

from trivium.core.config import Config, Count, Epsilon, Rate, Scale, Size
from trivium.core.outputs import BaseModelOutput

from .. import caches, heads, masks, multihead, nn, ops, recurrent


class HybridConfig(Config):
    """The fields of a hybrid's config.json."""

    model_type = "hybrid"

    vocab_size: Size = 64
    hidden_size: Size = 32
    num_hidden_layers: Count = 2
    num_attention_heads: Size = 4
    kernel_size: Size = 3
    norm_eps: Epsilon = 1e-5
    dropout: Rate = 0.0
    initializer_range: Scale = 0.02

    def check(self):
        self.require_divisible("hidden_size", "num_attention_heads")


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.norm_eps)
        self.qkv = nn.Linear(c.hidden_size, 3 * c.hidden_size, bias=False)
        self.conv = nn.Conv1d(c.hidden_size, c.hidden_size, c.kernel_size, groups=c.hidden_size)
        self.out = nn.Linear(c.hidden_size, c.hidden_size, bias=False)
        self.dropout = nn.Dropout(c.dropout)
        self.heads, self.back = c.num_attention_heads, c.kernel_size - 1

    def forward(self, x, visible, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        q, k, v = (multihead.split(part, self.heads) for part in ops.split(self.qkv(self.norm(x)), 3, -1))  # (B, T, N, H)
        k = k if visible is None else k * ops.cast_like(visible, k)
        k, v, cache = caches.extend(cache, k, v)  # (B, S, N, H): the cache holds keys as they were
        scale = q.shape[-1] ** -0.5
        y, weights = ops.attention(
            q, self.mix(k), v, mask, causal=mask is None, scale=scale, dropout=self.dropout, weights=attentions
        )
        return x + self.out(multihead.merge(y)), {"past_key_values": cache, "attentions": weights}

    def mix(self, k):  # (B, S, N, H) -> (B, S, N, H)
        mixed = self.conv(ops.pad(multihead.merge(k), ((0, 0), (self.back, 0), (0, 0))))
        return k + multihead.split(ops.silu(mixed), self.heads)


class HybridModel(nn.Model):
    """A hybrid without a head.

    Inputs: input_ids (B, T); past_key_values from `init_cache`; attention_mask (B, S), 0 hides, whose columns count from the
    start of the cache.
    """

    config_class = HybridConfig
    body_prefix = "model"
    input_embedding = "embed_tokens"

    def __init__(self, c):
        super().__init__(c)
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.blocks = nn.Layers(Block(c) for _ in range(c.num_hidden_layers))
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.norm_eps)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length)

    def forward(
        self, input_ids, past_key_values=None, attention_mask=None, output_attentions=False, output_hidden_states=False
    ):
        x = self.embed_tokens(input_ids)  # (B, T, D)
        visible = None
        if attention_mask is not None:
            seen = 0 if past_key_values is None else past_key_values[0].length
            visible = recurrent.columns(attention_mask, x, seen)[:, :, None, None]  # (B, T, 1, 1)
        mask = masks.causal(x, attention_mask, past_key_values)
        options = {"attentions": output_attentions, "hidden_states": output_hidden_states}
        x, kept = self.blocks(x, visible, mask, cache=past_key_values, **options)
        return BaseModelOutput(self.norm(x), **kept)


class HybridForCausalLM(heads.CausalLM, body=HybridModel):
    """A hybrid that predicts the next token."""
