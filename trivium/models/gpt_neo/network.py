"""GPT Neo: a decoder of text in which layers that see all before a token take turns with layers that see a window.

Black and others, doi:10.5281/zenodo.5297715, 2021. Checkpoint: EleutherAI/gpt-neo-125m.
Letters: B batch, T tokens, S keys, D width, N heads, H head width, V vocabulary, L labels.
"""

from trivium.core.outputs import BaseModelOutput
from trivium.models.gpt_neo.config import GPTNeoConfig as Config

from .. import caches, heads, masks, multihead, nn, ops


class SelfAttention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.k_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=False)
        self.v_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=False)
        self.q_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=False)
        self.out_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.attn_dropout = nn.Dropout(c.attention_dropout)
        self.resid_dropout = nn.Dropout(c.resid_dropout)
        self.heads, self.root = c.num_heads, c.head_width**0.5

    def forward(self, x, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        q, k, v = (multihead.split(project(x), self.heads) for project in (self.q_proj, self.k_proj, self.v_proj))
        k, v, cache = caches.extend(cache, k, v)
        causal, dropout = mask is None, self.attn_dropout
        q = q / self.root  # taken back by the scale: products are not scaled here, but those of float16 would overflow
        x, weights = ops.attention(q, k, v, mask, causal=causal, scale=self.root, dropout=dropout, weights=attentions)
        return self.resid_dropout(self.out_proj(multihead.merge(x))), cache, weights


class Attention(nn.Module):
    def __init__(self, c: Config, sight: str):
        super().__init__()
        self.attention = SelfAttention(c)
        self.windowed = sight == "local"

    def forward(self, x, whole, window, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        return self.attention(x, window if self.windowed else whole, cache, attentions)


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.intermediate_size or 4 * c.hidden_size
        self.c_fc = nn.Linear(c.hidden_size, width)
        self.c_proj = nn.Linear(width, c.hidden_size)
        self.dropout = nn.Dropout(c.resid_dropout)
        self.activation = ops.activation(c.activation_function)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.dropout(self.c_proj(self.activation(self.c_fc(x))))


class Block(nn.Module):
    def __init__(self, c: Config, sight: str):
        super().__init__()
        self.ln_1 = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.attn = Attention(c, sight)
        self.ln_2 = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)
        self.mlp = MLP(c)

    def forward(self, x, whole, window, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, cache, weights = self.attn(self.ln_1(x), whole, window, cache, attentions)
        x = x + y
        return x + self.mlp(self.ln_2(x)), {"past_key_values": cache, "attentions": weights}


class GPTNeoModel(nn.Model):
    """GPT Neo without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); past_key_values from `init_cache`; attention_mask (B, S), 0 hides,
    whose columns count from the start of the cache; token_type_ids, embedded like tokens, and position_ids (B, T).
    """

    config_class = Config
    body_prefix = "transformer"
    input_embedding = "wte"

    def __init__(self, c: Config):
        super().__init__(c)
        self.wte = nn.Embedding(c.vocab_size, c.hidden_size)
        self.wpe = nn.Embedding(c.max_position_embeddings, c.hidden_size)
        self.drop = nn.Dropout(c.embed_dropout)
        self.h = nn.Layers(Block(c, sight) for sight in c.sights)
        self.ln_f = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_epsilon)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length)

    def forward(
        self,
        input_ids=None,
        past_key_values=None,
        attention_mask=None,
        token_type_ids=None,
        position_ids=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        x = heads.embed(self.wte, input_ids, inputs_embeds)  # (B, T, D)
        seen = [masks.causal(x, attention_mask, past_key_values, window) for window in (None, c.window_size)]
        if position_ids is None:
            position_ids = caches.positions(past_key_values, x)
        x = x + self.wpe(position_ids)
        if token_type_ids is not None:
            x = x + self.wte(token_type_ids)
        asked = heads.asked(c, output_attentions, output_hidden_states)
        x, kept = self.h(self.drop(x), *seen, cache=past_key_values, **asked)
        x = self.ln_f(x)
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return BaseModelOutput(x, **kept)


class GPTNeoForCausalLM(heads.CausalLM, body=GPTNeoModel):
    """GPT Neo that predicts the next token."""


class GPTNeoForSequenceClassification(heads.LastTokenClassification, body=GPTNeoModel):
    """GPT Neo that classifies a text by its last token."""


class GPTNeoForTokenClassification(heads.TokenClassification, body=GPTNeoModel):
    """GPT Neo that classifies each token."""


class GPTNeoForQuestionAnswering(heads.QuestionAnswering, body=GPTNeoModel):
    """GPT Neo that finds the answer to a question in a text."""
