"""GPT-J: a decoder of text whose layers attend and compute side by side, with rotary positions in a part of each head.

Wang and Komatsuzaki, github.com/kingoflolz/mesh-transformer-jax, 2021. Checkpoint: EleutherAI/gpt-j-6b.
Letters: B batch, T tokens, S keys, D width, N heads, H head width, V vocabulary, L labels.
"""

from trivium.models.gptj.config import GPTJConfig as Config

from .. import caches, decoders, heads, multihead, nn, ops, rotary


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.k_proj = nn.Linear(c.n_embd, c.n_embd, bias=False)
        self.v_proj = nn.Linear(c.n_embd, c.n_embd, bias=False)
        self.q_proj = nn.Linear(c.n_embd, c.n_embd, bias=False)
        self.out_proj = nn.Linear(c.n_embd, c.n_embd, bias=False)
        self.attn_dropout = nn.Dropout(c.attn_pdrop)
        self.resid_dropout = nn.Dropout(c.resid_pdrop)
        self.heads, self.scale = c.n_head, c.head_width**-0.5

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        q, k, v = (multihead.split(project(x), self.heads) for project in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotary.rotate_neighbours(q, *angles), rotary.rotate_neighbours(k, *angles)
        options = {"scale": self.scale, "dropout": self.attn_dropout, "weights": attentions}
        x, cache, weights = caches.attend(cache, q, k, v, mask, **options)
        return self.resid_dropout(self.out_proj(multihead.merge(x))), cache, weights


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.n_inner or 4 * c.n_embd
        self.fc_in = nn.Linear(c.n_embd, width)
        self.fc_out = nn.Linear(width, c.n_embd)
        self.dropout = nn.Dropout(c.resid_pdrop)
        self.activation = ops.activation(c.activation_function)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.dropout(self.fc_out(self.activation(self.fc_in(x))))


class Block(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.ln_1 = nn.LayerNorm(c.n_embd, eps=c.layer_norm_epsilon)
        self.attn = Attention(c)
        self.mlp = MLP(c)

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        normal = self.ln_1(x)
        y, cache, weights = self.attn(normal, angles, mask, cache, attentions)
        return y + self.mlp(normal) + x, {"past_key_values": cache, "attentions": weights}


class GPTJModel(decoders.Decoder):
    """GPT-J without a head. Inputs: as Decoder's; token_type_ids (B, T), embedded like tokens."""

    config_class = Config
    body_prefix = "transformer"
    input_embedding = "wte"

    def __init__(self, c: Config):
        super().__init__(c)
        self.wte = nn.Embedding(c.vocab_size, c.n_embd)
        self.drop = nn.Dropout(c.embd_pdrop)
        self.h = nn.Layers(Block(c) for _ in range(c.n_layer))
        self.ln_f = nn.LayerNorm(c.n_embd, eps=c.layer_norm_epsilon)
        self.rotary_emb = rotary.Rotary(c, c.rotary_dim)

    def get_layers(self):
        return self.h

    def embed(self, input_ids, inputs_embeds):  # -> (B, T, D)
        return self.drop(heads.embed(self.wte, input_ids, inputs_embeds))

    def finish(self, x):
        return self.ln_f(x)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
        token_type_ids=None,
    ):
        if token_type_ids is not None:
            inputs_embeds = heads.embed(self.wte, input_ids, inputs_embeds) + self.wte(token_type_ids)
            input_ids = None
        options = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        return super().forward(input_ids, attention_mask, position_ids, past_key_values, inputs_embeds, **options)


class GPTJForCausalLM(heads.CausalLM, body=GPTJModel):
    """GPT-J that predicts the next token."""

    biased = True


class GPTJForSequenceClassification(heads.LastTokenClassification, body=GPTJModel):
    """GPT-J that classifies a text by its last token."""


class GPTJForQuestionAnswering(heads.QuestionAnswering, body=GPTJModel):
    """GPT-J that finds the answer to a question in a text."""
