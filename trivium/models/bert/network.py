"""BERT: a bidirectional transformer encoder of text; also a decoder, where the config says so.

Devlin and others, arXiv:1810.04805. Checkpoint: google-bert/bert-base-uncased.
Letters: B batch, T tokens, S keys, E tokens of an encoder, D width, N heads, H head width, V vocabulary.
"""

from trivium.core.errors import InputError
from trivium.core.init import ZEROS
from trivium.core.outputs import BaseModelOutputWithPooling, HeadOutput, PreTrainingOutput
from trivium.models.bert.config import BertConfig as Config

from .. import caches, heads, masks, multihead, nn, ops


class Embeddings(nn.Module):
    """What tokens are, of which kind and where; their places only if `absolute`: checkpoints have the table all the same."""

    def __init__(self, c: Config, width: int, absolute: bool = True):
        super().__init__()
        self.word_embeddings = nn.Embedding(c.vocab_size, width)
        self.position_embeddings = nn.Embedding(c.max_position_embeddings, width)
        self.token_type_embeddings = nn.Embedding(c.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)
        self.absolute = absolute

    def forward(self, x, token_types, positions):  # (B, T, D), (B or 1, T), (B or 1, T) -> (B, T, D)
        x = x + self.token_type_embeddings(token_types)
        return self.dropout(self.LayerNorm(x + self.position_embeddings(positions) if self.absolute else x))


def of_distances(q, k, embedding, farthest, first, meets_keys):  # (B, T, N, H), (B, S, N, H) -> (B, N, T, S)
    """What queries, the first at place `first`, make of how far keys are; if `meets_keys`, what keys make of it too.

    `embedding` has vectors of distances from -farthest to farthest. Shaw and others, arXiv:1803.02155; Huang and others,
    arXiv:2009.13658, methods 3 and 4.

    Raises:
        InputError: The text is longer than there are distances.
    """
    tokens = ops.shape(q)[1]
    if isinstance(tokens, int) and tokens > farthest + 1:
        why = f"a text of {tokens} tokens, and distances are known up to {farthest}"
        raise InputError(why, key="max_position_embeddings", hint=f"cut it to {farthest + 1} tokens")
    places, others = ops.arange(tokens, like=q) + first, ops.arange(ops.shape(k)[1], like=q)
    far = ops.minimum(ops.maximum(places[:, None] - others[None], -farthest), farthest)  # a cache has room for more, hidden
    vectors = ops.cast_like(embedding(far + farthest), q)  # (T, S, H)
    found = ops.einsum("btnh,tsh->bnts", q, vectors)
    return found + ops.einsum("bsnh,tsh->bnts", k, vectors) if meets_keys else found


class SelfAttention(nn.Module):
    def __init__(self, c: Config, causal: bool, crosses: bool, source_width: int | None = None):
        super().__init__()
        self.query = nn.Linear(c.hidden_size, c.hidden_size)
        self.key = nn.Linear(source_width or c.hidden_size, c.hidden_size)
        self.value = nn.Linear(source_width or c.hidden_size, c.hidden_size)
        self.dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.heads, self.causal, self.crosses = c.num_attention_heads, causal, crosses
        self.relates, self.meets_keys, self.farthest = c.relates and not crosses, c.meets_keys, c.max_position_embeddings - 1
        if self.relates:
            self.distance_embedding = nn.Embedding(2 * self.farthest + 1, c.hidden_size // c.num_attention_heads)

    def forward(self, x, source, mask, cache, attentions):  # (B, T, D), (B, S, source_width) -> (B, T, D), cache, weights
        q = multihead.split(self.query(x), self.heads)  # (B, T, N, H)
        first = 0 if cache is None else cache.length
        if self.crosses:
            k, v, cache = caches.cross(cache, source, self.keys)
        else:
            k, v, cache = caches.extend(cache, *self.keys(source))
        causal, scale = self.causal and mask is None, q.shape[-1] ** -0.5
        options = {"causal": causal, "scale": scale, "dropout": self.dropout, "weights": attentions}
        if self.relates:
            liked = of_distances(q, k, self.distance_embedding, self.farthest, first, self.meets_keys)
            options["bias"] = scale * liked
        x, weights = ops.attention(q, k, v, mask, **options)
        return multihead.merge(x), cache, weights

    def keys(self, x):  # (B, S, source_width) -> two of (B, S, N, H)
        return multihead.split(self.key(x), self.heads), multihead.split(self.value(x), self.heads)


class AddNorm(nn.Module):
    def __init__(self, width: int, c: Config):
        super().__init__()
        self.dense = nn.Linear(width, c.hidden_size)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, y, x):  # (B, T, width), (B, T, D) -> (B, T, D)
        return self.LayerNorm(self.dropout(self.dense(y)) + x)


class Attention(nn.Module):
    def __init__(self, c: Config, causal: bool, crosses: bool, source_width: int | None = None):
        super().__init__()
        self.self = SelfAttention(c, causal, crosses, source_width)
        self.output = AddNorm(c.hidden_size, c)

    def forward(self, x, source, mask, cache=None, attentions=False):  # the same
        y, cache, weights = self.self(x, source, mask, cache, attentions)
        return self.output(y, x), cache, weights


class Intermediate(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.intermediate_size)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, T, intermediate_size)
        return self.activation(self.dense(x))


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = Attention(c, causal=c.is_decoder, crosses=False)
        if c.add_cross_attention:
            self.crossattention = Attention(c, causal=False, crosses=True)
        self.intermediate = Intermediate(c)
        self.output = AddNorm(c.intermediate_size, c)

    def forward(self, x, mask, encoded=None, encoded_mask=None, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        x, cache, weights = self.attention(x, x, mask, cache, attentions)
        cross_weights = None
        if encoded is not None or caches.has_crossed(cache):
            x, cache, cross_weights = self.crossattention(x, encoded, encoded_mask, cache, attentions)
        x = self.output(self.intermediate(x), x)
        return x, {"past_key_values": cache, "attentions": weights, "cross_attentions": cross_weights}


class Encoder(nn.Module):
    def __init__(self, c: Config, layer: type):
        super().__init__()
        self.layer = nn.Layers(layer(c) for _ in range(c.num_hidden_layers))

    def forward(self, x, *shared, **options):
        return self.layer(x, *shared, **options)


class Pooler(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)

    def forward(self, x):  # (B, T, D) -> (B, D)
        return ops.tanh(self.dense(x[:, 0]))


class BertModel(nn.Model):
    """BERT without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, T) or (B, T, T), 0 hides; token_type_ids and
    position_ids (B, T). A decoder also takes encoder_hidden_states (B, E, D), encoder_attention_mask (B, E), and
    past_key_values, a cache from `init_cache`; columns of attention_mask then count from the start of the cache. Once a cache
    has come back, it holds all that is needed of the encoder but encoder_attention_mask.
    """

    config_class = Config
    body_prefix = "bert"
    input_embedding = "embeddings.word_embeddings"
    optional = ("pooler", "encoder.layer.*.crossattention")
    layer_class = Layer

    def __init__(self, c: Config, add_pooling_layer: bool = True):
        super().__init__(c)
        self.embeddings = self.make_embeddings(c)
        self.encoder = Encoder(c, self.layer_class)
        if add_pooling_layer:
            self.pooler = Pooler(c)
        self.pools = add_pooling_layer

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length, crosses=self.config.add_cross_attention)

    @staticmethod
    def make_embeddings(c: Config):
        return Embeddings(c, c.hidden_size, absolute=not c.relates)

    def embed(self, x, token_types, positions):  # (B, T, D), (B or 1, T) twice -> (B, T, D)
        return self.embeddings(x, token_types, positions)

    def finish(self, x):  # (B, T, D) -> (B, T, D)
        return x

    def positions(self, input_ids, x, cache):  # (B, T) or None, (B, T, D) -> (B or 1, T)
        return caches.positions(cache, x)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        token_type_ids=None,
        position_ids=None,
        inputs_embeds=None,
        encoder_hidden_states=None,
        encoder_attention_mask=None,
        past_key_values=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        if encoder_hidden_states is not None and not c.add_cross_attention:
            raise InputError("encoder_hidden_states need a config with is_decoder and add_cross_attention")
        x = heads.embed(self.embeddings.word_embeddings, input_ids, inputs_embeds)  # (B, T, D)
        if position_ids is None:
            position_ids = self.positions(input_ids, x, past_key_values)
        if token_type_ids is None:
            token_type_ids = position_ids * 0
        mask = masks.causal(x, attention_mask, past_key_values) if c.is_decoder else masks.padding(attention_mask)
        shared = mask, encoder_hidden_states, masks.padding(encoder_attention_mask)
        options = heads.asked(c, output_attentions, output_hidden_states)
        y, kept = self.encoder(self.embed(x, token_type_ids, position_ids), *shared, cache=past_key_values, **options)
        y = self.finish(y)
        return BaseModelOutputWithPooling(y, self.pooler(y) if self.pools else None, **kept)


class Transform(nn.Module):
    def __init__(self, c: Config, width: int):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, width)
        self.activation = ops.activation(c.hidden_act)
        self.LayerNorm = nn.LayerNorm(width, eps=c.layer_norm_eps)

    def forward(self, x):  # (B, T, D) -> (B, T, width)
        return self.LayerNorm(self.activation(self.dense(x)))


class Predictions(nn.Module):
    def __init__(self, c: Config, width: int):
        super().__init__()
        self.bias = nn.Parameter((c.vocab_size,), ZEROS)
        self.transform = Transform(c, width)
        self.decoder = nn.Unembedding(width, c.vocab_size, tied=c.tie_word_embeddings)

    def forward(self, x, embedding):  # (B, T, D) -> (B, T, V)
        return self.decoder(self.transform(x), embedding, self.bias)


class Cls(nn.Module):
    def __init__(self, c: Config, predictions: bool, seq_relationship: bool):
        super().__init__()
        if predictions:
            self.predictions = Predictions(c, c.hidden_size)
        if seq_relationship:
            self.seq_relationship = nn.Linear(c.hidden_size, 2)


class Predicting(heads.Head):
    """What the classes that predict tokens share."""

    body_options = {"add_pooling_layer": False}
    optional = ("cls.predictions",)
    output_embedding = "cls.predictions.decoder"
    other_ties = {"cls.predictions.decoder.bias": "cls.predictions.bias"}
    relates_sentences = False

    def __init__(self, c: Config):
        super().__init__(c)
        self.cls = Cls(c, predictions=True, seq_relationship=self.relates_sentences)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.cls.predictions(x, self.get_input_embeddings())


class BertForMaskedLM(Predicting, heads.MaskedLM, body=BertModel):
    """BERT that predicts masked tokens."""


class BertLMHeadModel(Predicting, heads.NextToken, body=BertModel):
    """BERT as a decoder, which predicts each token from those before it."""


class BertForPreTraining(Predicting, body=BertModel):
    """BERT with the two heads of its pretraining: masked tokens, and whether the second sentence follows the first.

    Labels: labels (B, T), -100 where there is nothing to predict; next_sentence_label (B,), 0 if it follows.
    """

    body_options = {}
    optional = ("cls.predictions", "cls.seq_relationship")
    relates_sentences = True

    def forward(self, *inputs, labels=None, next_sentence_label=None, **options):
        out = self.body(*inputs, **options)
        logits = self.unembed(out.last_hidden_state)
        follows = self.cls.seq_relationship(out.pooler_output)  # (B, D) -> (B, 2)
        loss = None
        if labels is not None and next_sentence_label is not None:
            loss = heads.token_loss(logits, labels) + ops.cross_entropy(follows, ops.reshape(next_sentence_label, (-1,)))
        return PreTrainingOutput(loss, logits, follows, **heads.kept(out, "hidden_states", "attentions"))


class BertForNextSentencePrediction(heads.Head, body=BertModel):
    """BERT that tells whether the second sentence follows the first. Labels: (B,), 0 if it does."""

    optional = ("cls.seq_relationship",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.cls = Cls(c, predictions=False, seq_relationship=True)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.cls.seq_relationship(out.pooler_output)  # (B, D) -> (B, 2)
        loss = None if labels is None else ops.cross_entropy(logits, ops.reshape(labels, (-1,)))
        return HeadOutput(loss, logits, **heads.kept(out))


class BertForSequenceClassification(heads.PooledClassification, body=BertModel):
    """BERT that classifies a text or a pair of texts."""


class BertForMultipleChoice(heads.MultipleChoice, body=BertModel):
    """BERT that chooses among several continuations."""


class BertForTokenClassification(heads.TokenClassification, body=BertModel):
    """BERT that classifies each token."""

    body_options = {"add_pooling_layer": False}


class BertForQuestionAnswering(heads.QuestionAnswering, body=BertModel):
    """BERT that finds the answer to a question in a text."""

    body_options = {"add_pooling_layer": False}
