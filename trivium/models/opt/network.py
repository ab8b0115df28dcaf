"""OPT: a decoder of text with learned positions.

Zhang and others, arXiv:2205.01068. Checkpoint: facebook/opt-125m.
Letters: B batch, T tokens, S keys, D width, E width of the embeddings, N heads, H head width, V vocabulary, L labels.
"""

from trivium.core.init import Normal
from trivium.core.outputs import BaseModelOutput
from trivium.models.opt.config import OPTConfig as Config

from .. import caches, chance, heads, masks, multihead, nn, ops

EPS = 1e-5  # of all norms: no config says it
OFFSET = 2  # the row of the first position, since fairseq, whence OPT comes, keeps two rows for padding


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.k_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=c.enable_bias)
        self.v_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=c.enable_bias)
        self.q_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=c.enable_bias)
        self.out_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=c.enable_bias)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.num_attention_heads, c.head_width**-0.5

    def forward(self, x, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D), cache, weights
        q, k, v = (multihead.split(project(x), self.heads) for project in (self.q_proj, self.k_proj, self.v_proj))
        options = {"scale": self.scale, "dropout": self.dropout, "weights": attentions}
        x, cache, weights = caches.attend(cache, q, k, v, mask, **options)
        return self.out_proj(multihead.merge(x)), cache, weights


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.self_attn = Attention(c)
        self.self_attn_layer_norm = nn.LayerNorm(c.hidden_size, eps=EPS)
        self.fc1 = nn.Linear(c.hidden_size, c.ffn_dim, bias=c.enable_bias)
        self.fc2 = nn.Linear(c.ffn_dim, c.hidden_size, bias=c.enable_bias)
        self.final_layer_norm = nn.LayerNorm(c.hidden_size, eps=EPS)
        self.dropout = nn.Dropout(c.dropout)
        self.activation = ops.activation(c.activation_function)
        self.layerdrop = chance.LayerDrop(c.layerdrop)
        self.norm_first = c.do_layer_norm_before

    def forward(self, x, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        given = x
        y, cache, weights = self.self_attn(self.self_attn_layer_norm(x) if self.norm_first else x, mask, cache, attentions)
        x = x + self.dropout(y)
        x = x if self.norm_first else self.self_attn_layer_norm(x)
        y = self.final_layer_norm(x) if self.norm_first else x
        x = x + self.dropout(self.fc2(self.activation(self.fc1(y))))
        x = x if self.norm_first else self.final_layer_norm(x)
        return self.layerdrop(given, x), {"past_key_values": cache, "attentions": weights}


class Decoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.embed_tokens = nn.Embedding(c.vocab_size, c.embedding_width)
        self.embed_positions = nn.Embedding(c.max_position_embeddings + OFFSET, c.hidden_size)
        self.projects = c.embedding_width != c.hidden_size
        if self.projects:
            self.project_out = nn.Linear(c.hidden_size, c.embedding_width, bias=False)
            self.project_in = nn.Linear(c.embedding_width, c.hidden_size, bias=False)
        self.normalises = c.do_layer_norm_before and not c._remove_final_layer_norm
        if self.normalises:
            self.final_layer_norm = nn.LayerNorm(c.hidden_size, eps=EPS)
        self.layers = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))

    def forward(self, input_ids, attention_mask, position_ids, cache, inputs_embeds, **options):
        x = heads.embed(self.embed_tokens, input_ids, inputs_embeds)  # (B, T, E)
        x = self.project_in(x) if self.projects else x  # (B, T, D)
        if position_ids is None:
            position_ids = self.positions(x, attention_mask, cache)
        x = x + self.embed_positions(position_ids + OFFSET)
        x, kept = self.layers(x, masks.causal(x, attention_mask, cache), cache=cache, **options)
        x = self.final_layer_norm(x) if self.normalises else x
        return self.project_out(x) if self.projects else x, kept

    def positions(self, x, attention_mask, cache):  # -> (B or 1, T): how many visible tokens are before each, -1 if hidden
        if attention_mask is None:
            return caches.positions(cache, x)
        counted = masks.count(x, attention_mask, cache) - 1  # (B, S)
        here = ops.broadcast_to(caches.positions(cache, x), (ops.shape(counted)[0], ops.shape(x)[1]))
        return ops.take_along(counted, here, 1)


class OPTModel(nn.Model):
    """OPT without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, E); attention_mask (B, S), 0 hides, whose columns count from the start of
    the cache; position_ids (B, T), otherwise counted by the attention_mask; past_key_values from `init_cache`.
    """

    config_class = Config
    body_prefix = "model"
    input_embedding = "decoder.embed_tokens"

    def __init__(self, c: Config):
        super().__init__(c)
        self.decoder = Decoder(c)

    def initializer(self, config: Config):
        return Normal(config.init_std)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length)

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
        x, kept = self.decoder(
            *(input_ids, attention_mask, position_ids, past_key_values, inputs_embeds),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return BaseModelOutput(x, **kept)


class Projected(heads.Head):
    """A head on what comes out as wide as the embeddings."""

    @staticmethod
    def width(c: Config):
        return c.embedding_width


class OPTForCausalLM(Projected, heads.CausalLM, body=OPTModel):
    """OPT that predicts the next token."""


class OPTForSequenceClassification(Projected, heads.LastTokenClassification, body=OPTModel):
    """OPT that classifies a text by its last token."""


class OPTForQuestionAnswering(Projected, heads.QuestionAnswering, body=OPTModel):
    """OPT that finds the answer to a question in a text."""
