"""Hybrid: convolution, then attention. Letters: B batch, T tokens, D width, N heads, H head width."""

from trivium.core.config import Config, Count, Epsilon, Rate, Scale, Size
from trivium.core.outputs import BaseModelOutput

from .. import heads, masks, multihead, nn, ops


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


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.norm_eps)
        self.conv = nn.Conv1d(c.hidden_size, c.hidden_size, c.kernel_size, groups=c.hidden_size)
        self.qkv = nn.Linear(c.hidden_size, 3 * c.hidden_size, bias=False)
        self.out = nn.Linear(c.hidden_size, c.hidden_size, bias=False)
        self.dropout = nn.Dropout(c.dropout)
        self.heads, self.back = c.num_attention_heads, c.kernel_size - 1

    def forward(self, x, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y = self.norm(x)
        y = y + ops.silu(self.conv(ops.pad(y, ((0, 0), (self.back, 0), (0, 0)))))
        q, k, v = (multihead.split(part, self.heads) for part in ops.split(self.qkv(y), 3, -1))
        y, weights = ops.attention(
            q, k, v, mask, causal=mask is None, scale=q.shape[-1] ** -0.5, dropout=self.dropout, weights=attentions
        )
        return x + self.out(multihead.merge(y)), {"attentions": weights}


class HybridModel(nn.Model):
    """A hybrid without a head. Inputs: input_ids (B, T); attention_mask (B, T), 0 hides."""

    config_class = HybridConfig
    body_prefix = "model"
    input_embedding = "embed_tokens"

    def __init__(self, c):
        super().__init__(c)
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.blocks = nn.Layers(Block(c) for _ in range(c.num_hidden_layers))
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.norm_eps)

    def forward(self, input_ids, attention_mask=None, output_attentions=False, output_hidden_states=False):
        x = self.embed_tokens(input_ids)  # (B, T, D)
        mask = masks.causal(x, attention_mask, None)
        x, kept = self.blocks(x, mask, attentions=output_attentions, hidden_states=output_hidden_states)
        return BaseModelOutput(self.norm(x), **kept)


class HybridForCausalLM(heads.CausalLM, body=HybridModel):
    """A hybrid that predicts the next token."""
