"""DeBERTa-v2 and v3: an encoder of text whose attention sees what a token is and how far away it is apart from each other.

He and others, arXiv:2006.03654 and 2111.09543. Checkpoint: microsoft/deberta-v3-base.
Letters: B batch, C choices, T tokens, D width, E width of the embeddings, N heads, H head width, R relative positions to
either side, V vocabulary, L labels.
"""

from trivium.core.init import ZEROS, FanInUniform, fan_in_bias
from trivium.core.outputs import BaseModelOutput
from trivium.models.deberta_v2.config import DebertaV2Config as Config

from .. import buckets, heads, multihead, nn, ops
from ..bert import network as bert


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.word_embeddings = nn.Embedding(c.vocab_size, c.embedding_width)
        if c.position_biased_input:
            self.position_embeddings = nn.Embedding(c.max_position_embeddings, c.embedding_width)
        if c.type_vocab_size:
            self.token_type_embeddings = nn.Embedding(c.type_vocab_size, c.embedding_width)
        self.projects = c.embedding_width != c.hidden_size
        if self.projects:
            self.embed_proj = nn.Linear(c.embedding_width, c.hidden_size, bias=False)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)
        self.has_positions, self.has_types = c.position_biased_input, c.type_vocab_size > 0

    def forward(self, x, token_types, positions, visible):  # (B, T, E), three of (B or 1, T) -> (B, T, D)
        if self.has_positions:
            x = x + self.position_embeddings(positions)
        if self.has_types:
            x = x + self.token_type_embeddings(token_types)
        x = self.LayerNorm(self.embed_proj(x) if self.projects else x)
        return self.dropout(hide(x, visible))


def hide(x, visible):  # (B, T, D), (B, T) or None -> (B, T, D)
    return x if visible is None else x * ops.cast_like(visible, x)[..., None]


class SelfAttention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.query_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.key_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.value_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.keys_by_place = c.relative_attention and "c2p" in c.pos_att_types
        self.queries_by_place = c.relative_attention and "p2c" in c.pos_att_types
        self.shares = c.share_att_key
        if self.keys_by_place and not self.shares:
            self.pos_key_proj = nn.Linear(c.hidden_size, c.hidden_size)
        if self.queries_by_place and not self.shares:
            self.pos_query_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.pos_dropout = nn.Dropout(c.hidden_dropout_prob)
        self.heads = c.num_attention_heads
        terms = 1 + len({*c.pos_att_types})  # each is a product of its own (section 3.1)
        self.scale = (c.hidden_size // c.num_attention_heads * terms) ** -0.5

    def forward(self, x, mask, table, index, attentions):  # (B, T, D), (B, 1, T, T), (2 R, D), (T, T) -> (B, T, D), weights
        q, k, v = (multihead.split(y, self.heads) for y in (self.query_proj(x), self.key_proj(x), self.value_proj(x)))
        bias = None if table is None else self.bias(q, k, self.pos_dropout(table)[None], index)
        x, weights = ops.attention(q, k, v, mask, bias=bias, scale=self.scale, dropout=self.dropout, weights=attentions)
        return multihead.merge(x), weights

    def bias(self, q, k, table, index):  # two of (B, T, N, H), (1, 2 R, D), (T, T) -> (B, N, T, T), or None
        terms = []
        index = ops.broadcast_to(index, (*ops.shape(q)[::2], *ops.shape(index)))  # (B, N, T, T)
        if self.keys_by_place:
            keys = multihead.split((self.key_proj if self.shares else self.pos_key_proj)(table), self.heads)
            terms.append(ops.take_along(ops.einsum("btnh,crnh->bntr", q, keys), index, -1))
        if self.queries_by_place:
            queries = multihead.split((self.query_proj if self.shares else self.pos_query_proj)(table), self.heads)
            back = ops.transpose(index, (0, 1, 3, 2))  # by key: the query's place seen from there, and turned round
            term = ops.take_along(ops.einsum("bsnh,crnh->bnsr", k, queries), back, -1)
            terms.append(ops.transpose(term, (0, 1, 3, 2)))
        return sum(terms) * self.scale if terms else None


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.self = SelfAttention(c)
        self.output = bert.AddNorm(c.hidden_size, c)

    def forward(self, x, *shared):  # (B, T, D) -> (B, T, D), weights
        y, weights = self.self(x, *shared)
        return self.output(y, x), weights


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = Attention(c)
        self.intermediate = bert.Intermediate(c)
        self.output = bert.AddNorm(c.intermediate_size, c)

    def forward(self, x, *shared):  # (B, T, D) -> (B, T, D), weights
        x, weights = self.attention(x, *shared)
        return self.output(self.intermediate(x), x), weights


class Convolution(nn.Module):
    """Looks at a token's neighbours, beside the first layer."""

    def __init__(self, c: Config):
        super().__init__()
        size = c.conv_kernel_size
        inits = {"init": FanInUniform(), "bias_init": fan_in_bias(c.hidden_size // c.conv_groups * size)}
        self.conv = nn.Conv1d(c.hidden_size, c.hidden_size, size, padding=(size - 1) // 2, groups=c.conv_groups, **inits)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)
        self.activation = ops.activation(c.conv_act)

    def forward(self, x, y, visible):  # (B, T, D) into the first layer, (B, T, D) out of it, (B, T) -> (B, T, D)
        seen = self.activation(self.dropout(hide(self.conv(x), visible)))
        return hide(self.LayerNorm(y + seen), visible)


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))
        if c.relative_attention:
            self.rel_embeddings = nn.Embedding(2 * c.span, c.hidden_size)
        if c.normalizes_positions:
            self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        if c.conv_kernel_size:
            self.conv = Convolution(c)
        self.borders = buckets.signed_starts(c.span, c.reach) if c.position_buckets > 0 else None
        self.config = c

    def forward(self, x, visible, attentions, hidden_states):  # (B, T, D), (B, T) or None -> (B, T, D)
        c = self.config
        mask = None if visible is None else visible[:, None, None] & visible[:, None, :, None]  # (B, 1, T, T)
        table = index = None
        if c.relative_attention:
            table = self.rel_embeddings(ops.arange(2 * c.span, like=x))  # (2 R, D)
            table = self.LayerNorm(table) if c.normalizes_positions else table
            index = buckets.signed(x, c.span, self.borders)
        states, kept = (x,), ()
        for layer in self.layer:
            y, weights = layer(x, mask, table, index, attentions)
            x = self.conv(x, y, visible) if c.conv_kernel_size and len(states) == 1 else y
            states, kept = (*states, x), (*kept, weights)
        return x, {"hidden_states": states if hidden_states else None, "attentions": kept if attentions else None}


class DebertaV2Model(nn.Model):
    """DeBERTa-v2 without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, E); attention_mask (B, T), 0 hides; token_type_ids and position_ids
    (B, T), where the config has type_vocab_size and position_biased_input.
    """

    config_class = Config
    body_prefix = "deberta"
    input_embedding = "embeddings.word_embeddings"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)

    def forward(
        self, input_ids=None, attention_mask=None, token_type_ids=None, position_ids=None, inputs_embeds=None,
        output_attentions=None, output_hidden_states=None,
    ):  # fmt: skip
        c = self.config
        x = heads.embed(self.embeddings.word_embeddings, input_ids, inputs_embeds)  # (B, T, E)
        visible = None if attention_mask is None else ops.cast(attention_mask, "bool")
        position_ids = ops.arange(ops.shape(x)[1], like=x)[None] if position_ids is None else position_ids
        token_type_ids = position_ids * 0 if token_type_ids is None else token_type_ids
        x, kept = self.encoder(
            self.embeddings(x, token_type_ids, position_ids, visible),
            visible,
            **heads.asked(c, output_attentions, output_hidden_states),
        )
        return BaseModelOutput(x, **kept)


class NewPredictions(bert.Transform):
    """The head as DeBERTa-v3 was published with it."""

    def __init__(self, c: Config):
        super().__init__(c, c.hidden_size)
        self.bias = nn.Parameter((c.vocab_size,), ZEROS)
        self.decoder = nn.Unembedding(c.hidden_size, c.vocab_size, tied=True)

    def forward(self, x, embedding):  # (B, T, D) -> (B, T, V)
        return self.decoder(super().forward(x), embedding, self.bias)


class Cls(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.predictions = bert.Predictions(c, c.embedding_width)

    def forward(self, x, embedding):  # (B, T, D) -> (B, T, V)
        return self.predictions(x, embedding)


class LMPredictions(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.lm_head = NewPredictions(c)

    def forward(self, x, embedding):  # (B, T, D) -> (B, T, V)
        return self.lm_head(x, embedding)


class DebertaV2ForMaskedLM(heads.MaskedLM, body=DebertaV2Model):
    """DeBERTa-v2 that predicts masked tokens."""

    optional = ("cls", "lm_predictions")
    output_embedding = "cls.predictions.decoder"
    other_ties = {"cls.predictions.decoder.bias": "cls.predictions.bias"}

    def __init__(self, c: Config):
        super().__init__(c)
        if c.legacy:
            self.cls = Cls(c)
        else:
            self.lm_predictions = LMPredictions(c)

    def ties(self):
        return super().ties() if self.config.legacy else {}

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        head = self.cls if self.config.legacy else self.lm_predictions
        return head(x, self.get_input_embeddings())


class Pooler(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)
        self.dropout = nn.Dropout(c.pooler_dropout)
        self.activation = ops.activation(c.pooler_hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, D)
        return self.activation(self.dense(self.dropout(x[:, 0])))


class Pooled(heads.Head):
    """What the classes that judge a whole text share."""

    optional = ("pooler", "classifier")

    def __init__(self, c: Config):
        super().__init__(c)
        self.pooler = Pooler(c)
        self.classifier = nn.Linear(c.hidden_size, self.count(c))
        self.dropout = nn.Dropout(c.hidden_dropout_prob if c.cls_dropout is None else c.cls_dropout)

    def classify(self, out):  # (B, T, D) -> (B, L)
        return self.classifier(self.dropout(self.pooler(out.last_hidden_state)))


class DebertaV2ForSequenceClassification(Pooled, heads.SequenceClassification, body=DebertaV2Model):
    """DeBERTa-v2 that classifies a text or a pair of texts.

    Labels: as `heads.classification_loss` has them, but where the config has no problem_type, (B, L) are shares of each class.
    """

    @staticmethod
    def count(c: Config):
        return c.num_labels

    def loss_of(self, logits, labels):
        c = self.config
        if labels is None or c.problem_type is not None or c.num_labels == 1 or len(labels.shape) == 1:
            return super().loss_of(logits, labels)
        shares = ops.cast_like(labels, logits)
        return -ops.sum(ops.log_softmax(logits, -1) * shares) / ops.shape(logits)[0]


class DebertaV2ForMultipleChoice(Pooled, heads.Choice, body=DebertaV2Model):
    """DeBERTa-v2 that chooses among several continuations."""

    @staticmethod
    def count(c: Config):
        return 1

    def judge(self, out):  # (B C, T, D) -> (B C, 1)
        return self.classify(out)


class DebertaV2ForTokenClassification(heads.TokenClassification, body=DebertaV2Model):
    """DeBERTa-v2 that classifies each token."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.hidden_dropout_prob


class DebertaV2ForQuestionAnswering(heads.QuestionAnswering, body=DebertaV2Model):
    """DeBERTa-v2 that finds the answer to a question in a text."""
