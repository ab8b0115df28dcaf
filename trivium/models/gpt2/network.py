"""GPT-2: a decoder of text, which predicts the next token.

Radford and others, "Language Models are Unsupervised Multitask Learners", 2019. Checkpoint: openai-community/gpt2.
Letters: B batch, C choices, T tokens, S keys, D width, N heads, H head width, V vocabulary, L labels.
"""

import math

from trivium.core.errors import InputError
from trivium.core.init import Normal
from trivium.core.outputs import BaseModelOutput, DoubleHeadsOutput
from trivium.models.gpt2.config import GPT2Config as Config

from .. import caches, heads, masks, multihead, nn, ops


def residual(inputs: int, c: Config):
    """The layer at the end of a residual branch, whose first values shrink with the number of branches (section 2.3)."""
    return nn.Conv1D(inputs, c.n_embd, init=Normal(c.initializer_range / math.sqrt(2 * c.n_layer)))


class Attention(nn.Module):
    def __init__(self, c: Config, index: int, crosses: bool):
        super().__init__()
        if crosses:
            self.q_attn = nn.Conv1D(c.n_embd, c.n_embd)
        self.c_attn = nn.Conv1D(c.n_embd, (2 if crosses else 3) * c.n_embd)
        self.c_proj = residual(c.n_embd, c)
        self.attn_dropout = nn.Dropout(c.attn_pdrop)
        self.resid_dropout = nn.Dropout(c.resid_pdrop)
        self.heads, self.crosses = c.n_head, crosses
        self.scale = (c.n_embd // c.n_head) ** -0.5 if c.scale_attn_weights else 1.0
        if c.scale_attn_by_inverse_layer_idx:
            self.scale /= index + 1

    def forward(self, x, source, mask, cache=None, attentions=False):  # (B, T, D), (B, S, D) -> (B, T, D), cache, weights
        options = {"scale": self.scale, "dropout": self.attn_dropout, "weights": attentions}
        if self.crosses:
            q = multihead.split(self.q_attn(x), self.heads)  # (B, T, N, H)
            k, v, cache = caches.cross(cache, source, lambda y: self.parts(y, 2))
            x, weights = ops.attention(q, k, v, mask, **options)
        else:
            x, cache, weights = caches.attend(cache, *self.parts(x, 3), mask, **options)
        return self.resid_dropout(self.c_proj(multihead.merge(x))), cache, weights

    def parts(self, x, count):  # (B, S, D) -> `count` of (B, S, N, H)
        return [multihead.split(y, self.heads) for y in ops.split(self.c_attn(x), count, -1)]


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.n_inner or 4 * c.n_embd
        self.c_fc = nn.Conv1D(c.n_embd, width)
        self.c_proj = residual(width, c)
        self.dropout = nn.Dropout(c.resid_pdrop)
        self.activation = ops.activation(c.activation_function)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.dropout(self.c_proj(self.activation(self.c_fc(x))))


class Block(nn.Module):
    def __init__(self, c: Config, index: int):
        super().__init__()
        self.ln_1 = nn.LayerNorm(c.n_embd, eps=c.layer_norm_epsilon)
        self.attn = Attention(c, index, crosses=False)
        self.ln_2 = nn.LayerNorm(c.n_embd, eps=c.layer_norm_epsilon)
        if c.add_cross_attention:
            self.crossattention = Attention(c, index, crosses=True)
            self.ln_cross_attn = nn.LayerNorm(c.n_embd, eps=c.layer_norm_epsilon)
        self.mlp = MLP(c)

    def forward(self, x, mask, encoded=None, encoded_mask=None, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, cache, weights = self.attn(self.ln_1(x), None, mask, cache, attentions)
        x = x + y
        cross_weights = None
        if encoded is not None or caches.has_crossed(cache):
            y, cache, cross_weights = self.crossattention(self.ln_cross_attn(x), encoded, encoded_mask, cache, attentions)
            x = x + y
        x = x + self.mlp(self.ln_2(x))
        return x, {"past_key_values": cache, "attentions": weights, "cross_attentions": cross_weights}


class GPT2Model(nn.Model):
    """GPT-2 without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); past_key_values from `init_cache`; attention_mask (B, S), 0 hides,
    whose columns count from the start of the cache; token_type_ids, embedded like tokens, and position_ids (B, T);
    encoder_hidden_states (B, E, D) and encoder_attention_mask (B, E) where the config has add_cross_attention; of the states a
    cache that has come back holds all that is needed.
    """

    config_class = Config
    body_prefix = "transformer"
    input_embedding = "wte"
    optional = ("h.*.crossattention", "h.*.ln_cross_attn")

    def __init__(self, c: Config):
        super().__init__(c)
        self.wte = nn.Embedding(c.vocab_size, c.n_embd)
        self.wpe = nn.Embedding(c.n_positions, c.n_embd)
        self.drop = nn.Dropout(c.embd_pdrop)
        self.h = nn.Layers(Block(c, index) for index in range(c.n_layer))
        self.ln_f = nn.LayerNorm(c.n_embd, eps=c.layer_norm_epsilon)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length, crosses=self.config.add_cross_attention)

    def forward(
        self,
        input_ids=None,
        past_key_values=None,
        attention_mask=None,
        token_type_ids=None,
        position_ids=None,
        inputs_embeds=None,
        encoder_hidden_states=None,
        encoder_attention_mask=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        if encoder_hidden_states is not None and not c.add_cross_attention:
            raise InputError("encoder_hidden_states need a config with add_cross_attention")
        x = heads.embed(self.wte, input_ids, inputs_embeds)  # (B, T, D)
        mask = masks.causal(x, attention_mask, past_key_values)
        if position_ids is None:
            position_ids = caches.positions(past_key_values, x)
        x = x + self.wpe(position_ids)
        if token_type_ids is not None:
            x = x + self.wte(token_type_ids)
        x, kept = self.h(
            self.drop(x),
            *(mask, encoder_hidden_states, masks.padding(encoder_attention_mask)),
            cache=past_key_values,
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.ln_f(x)
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return BaseModelOutput(x, **kept)


class GPT2LMHeadModel(heads.CausalLM, body=GPT2Model):
    """GPT-2 that predicts the next token."""


class Summary(nn.Module):
    """A number for a sequence, from one of its tokens: the last, or that at `index`."""

    def __init__(self, c: Config):
        super().__init__()
        self.summary = nn.Linear(c.n_embd, 1)
        self.dropout = nn.Dropout(c.summary_first_dropout)
        self.activation = ops.activation(c.summary_activation) if c.summary_activation else None

    def forward(self, x, index):  # (B, T, D), (B,) -> (B, 1)
        x = x[:, -1] if index is None else ops.take_rows(x, index)
        x = self.summary(self.dropout(x))
        return x if self.activation is None else self.activation(x)


class GPT2DoubleHeadsModel(heads.CausalLM, body=GPT2Model):
    """GPT-2 that predicts the next token and chooses among C sequences.

    Inputs are (B, C, T); mc_token_ids (B, C): the token by which each is judged. Labels: labels (B, C, T), mc_labels (B,).
    """

    optional = ("lm_head", "multiple_choice_head")

    def __init__(self, c: Config):
        super().__init__(c)
        self.multiple_choice_head = Summary(c)

    def input_shapes(self):
        return heads.of_choices(super().input_shapes())

    def forward(self, *inputs, mc_token_ids=None, labels=None, mc_labels=None, **options):
        inputs, options, (batch, choices) = heads.merge_choices(inputs, options)
        index = None if mc_token_ids is None else ops.reshape(mc_token_ids, (-1,))
        out = self.body(*inputs, **options)
        x = out.last_hidden_state  # (B C, T, D)
        logits = self.unembed(x)
        logits = ops.reshape(logits, (batch, choices, *ops.shape(logits)[1:]))
        choice = ops.reshape(self.multiple_choice_head(x, index), (batch, choices))
        mc_loss = None if mc_labels is None else ops.cross_entropy(choice, ops.reshape(mc_labels, (-1,)))
        names = ("past_key_values", "hidden_states", "attentions")
        return DoubleHeadsOutput(heads.next_token_loss(logits, labels), mc_loss, logits, choice, **heads.kept(out, *names))


class GPT2ForSequenceClassification(heads.LastTokenClassification, body=GPT2Model):
    """GPT-2 that classifies a text by its last token."""


class GPT2ForTokenClassification(heads.TokenClassification, body=GPT2Model):
    """GPT-2 that classifies each token."""

    @staticmethod
    def dropout_rate(c: Config):
        rates = (c.classifier_dropout, c.hidden_dropout, 0.1)
        return next(rate for rate in rates if rate is not None)


class GPT2ForQuestionAnswering(heads.QuestionAnswering, body=GPT2Model):
    """GPT-2 that finds the answer to a question in a text."""
