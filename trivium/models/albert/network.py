"""ALBERT: BERT whose layers share their weights, with narrow embeddings; it also learns the order of sentences.

Lan and others, arXiv:1909.11942. Checkpoint: albert/albert-base-v2.
Letters: B batch, T tokens, D width, E width of the embeddings, N heads, H head width, V vocabulary, L labels.
"""

from trivium.core.init import ZEROS
from trivium.core.outputs import AlbertPreTrainingOutput, BaseModelOutputWithPooling
from trivium.models.albert.config import AlbertConfig as Config

from .. import heads, masks, multihead, nn, ops
from ..bert import network as bert


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.query = nn.Linear(c.hidden_size, c.hidden_size)
        self.key = nn.Linear(c.hidden_size, c.hidden_size)
        self.value = nn.Linear(c.hidden_size, c.hidden_size)
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.attention_dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.output_dropout = nn.Dropout(c.hidden_dropout_prob)
        self.heads, self.scale = c.num_attention_heads, (c.hidden_size // c.num_attention_heads) ** -0.5
        self.relates, self.meets_keys, self.farthest = c.relates, c.meets_keys, c.max_position_embeddings - 1
        if self.relates:
            self.distance_embedding = nn.Embedding(2 * self.farthest + 1, c.hidden_size // c.num_attention_heads)

    def forward(self, x, mask, attentions):  # (B, T, D), (B, 1, 1, T) -> (B, T, D), weights
        q, k, v = (multihead.split(y, self.heads) for y in (self.query(x), self.key(x), self.value(x)))  # (B, T, N, H)
        options = {"scale": self.scale, "dropout": self.attention_dropout, "weights": attentions}
        if self.relates:
            # Unlike Bert: not scaled as products of queries and keys are
            options["bias"] = bert.of_distances(q, k, self.distance_embedding, self.farthest, 0, self.meets_keys)
        y, weights = ops.attention(q, k, v, mask, **options)
        return self.LayerNorm(x + self.output_dropout(self.dense(multihead.merge(y)))), weights


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.full_layer_layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.attention = Attention(c)
        self.ffn = nn.Linear(c.hidden_size, c.intermediate_size)
        self.ffn_output = nn.Linear(c.intermediate_size, c.hidden_size)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        x, weights = self.attention(x, mask, attentions)
        return self.full_layer_layer_norm(self.ffn_output(self.activation(self.ffn(x))) + x), {"attentions": weights}


class Group(nn.Module):
    """Layers that are applied in turn, and again and again."""

    def __init__(self, c: Config):
        super().__init__()
        self.albert_layers = nn.Layers(Layer(c) for _ in range(c.inner_group_num))

    def forward(self, x, *shared, cache=None, **options):
        return self.albert_layers(x, *shared, **options)


class Transformer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.embedding_hidden_mapping_in = nn.Linear(c.embedding_size, c.hidden_size)
        self.albert_layer_groups = nn.Layers(Group(c) for _ in range(c.num_hidden_groups))
        share = c.num_hidden_layers / c.num_hidden_groups  # layers that a group stands for
        self.order = tuple(int(index / share) for index in range(c.num_hidden_layers))

    def forward(self, x, mask, attentions, hidden_states):  # (B, T, E) -> (B, T, D)
        x = self.embedding_hidden_mapping_in(x)
        states, weights = (x,), ()
        for index in self.order:
            x, kept = self.albert_layer_groups[index](x, mask, attentions=attentions)
            states += (x,)
            weights += kept["attentions"] or ()
        return x, {"hidden_states": states if hidden_states else None, "attentions": weights if attentions else None}


class AlbertModel(nn.Model):
    """ALBERT without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, E); attention_mask (B, T), 0 hides; token_type_ids and position_ids (B, T).
    """

    config_class = Config
    body_prefix = "albert"
    input_embedding = "embeddings.word_embeddings"
    optional = ("pooler",)

    def __init__(self, c: Config, add_pooling_layer: bool = True):
        super().__init__(c)
        self.embeddings = bert.Embeddings(c, c.embedding_size, absolute=not c.relates)
        self.encoder = Transformer(c)
        if add_pooling_layer:
            self.pooler = nn.Linear(c.hidden_size, c.hidden_size)
        self.pools = add_pooling_layer

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        token_type_ids=None,
        position_ids=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        x = heads.embed(self.embeddings.word_embeddings, input_ids, inputs_embeds)  # (B, T, E)
        if position_ids is None:
            position_ids = ops.arange(ops.shape(x)[1], like=x)[None]
        if token_type_ids is None:
            token_type_ids = position_ids * 0
        x, kept = self.encoder(
            self.embeddings(x, token_type_ids, position_ids),
            masks.padding(attention_mask),
            c.output_attentions if output_attentions is None else output_attentions,
            c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        return BaseModelOutputWithPooling(x, ops.tanh(self.pooler(x[:, 0])) if self.pools else None, **kept)


class Predictions(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.LayerNorm = nn.LayerNorm(c.embedding_size, eps=c.layer_norm_eps)
        self.bias = nn.Parameter((c.vocab_size,), ZEROS)
        self.dense = nn.Linear(c.hidden_size, c.embedding_size)
        self.decoder = nn.Unembedding(c.embedding_size, c.vocab_size, tied=c.tie_word_embeddings)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x, embedding):  # (B, T, D) -> (B, T, V)
        return self.decoder(self.LayerNorm(self.activation(self.dense(x))), embedding, self.bias)


class SentenceOrder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.classifier = nn.Linear(c.hidden_size, c.num_labels)
        self.dropout = nn.Dropout(c.classifier_dropout_prob)

    def forward(self, x):  # (B, D) -> (B, L)
        return self.classifier(self.dropout(x))


class Predicting(heads.Head):
    """What the classes that predict tokens share."""

    optional = ("predictions",)
    output_embedding = "predictions.decoder"
    other_ties = {"predictions.decoder.bias": "predictions.bias"}

    def __init__(self, c: Config):
        super().__init__(c)
        self.predictions = Predictions(c)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.predictions(x, self.get_input_embeddings())


class AlbertForPreTraining(Predicting, body=AlbertModel):
    """ALBERT with the two heads of its pretraining: masked tokens, and whether two sentences were swapped.

    Labels: labels (B, T), -100 where there is nothing to predict; sentence_order_label (B,), 1 if they were swapped.
    """

    optional = ("predictions", "sop_classifier")

    def __init__(self, c: Config):
        super().__init__(c)
        self.sop_classifier = SentenceOrder(c)

    def forward(self, *inputs, labels=None, sentence_order_label=None, **options):
        out = self.body(*inputs, **options)
        logits = self.unembed(out.last_hidden_state)
        swapped = self.sop_classifier(out.pooler_output)  # (B, D) -> (B, L)
        loss = None
        if labels is not None and sentence_order_label is not None:
            loss = heads.token_loss(logits, labels) + ops.cross_entropy(swapped, ops.reshape(sentence_order_label, (-1,)))
        return AlbertPreTrainingOutput(loss, logits, swapped, **heads.kept(out, "hidden_states", "attentions"))


class AlbertForMaskedLM(Predicting, heads.MaskedLM, body=AlbertModel):
    """ALBERT that predicts masked tokens."""

    body_options = {"add_pooling_layer": False}


class Classifying(heads.Head):
    """What the classes that classify share."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.classifier_dropout_prob


class AlbertForSequenceClassification(Classifying, heads.PooledClassification, body=AlbertModel):
    """ALBERT that classifies a text or a pair of texts."""


class AlbertForMultipleChoice(Classifying, heads.MultipleChoice, body=AlbertModel):
    """ALBERT that chooses among several continuations."""


class AlbertForTokenClassification(Classifying, heads.TokenClassification, body=AlbertModel):
    """ALBERT that classifies each token."""

    body_options = {"add_pooling_layer": False}


class AlbertForQuestionAnswering(heads.QuestionAnswering, body=AlbertModel):
    """ALBERT that finds the answer to a question in a text."""

    body_options = {"add_pooling_layer": False}
