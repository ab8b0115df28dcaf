"""The heads that many architectures share, and their losses.

A head is a class with a body: `class BertForMaskedLM(heads.MaskedLM, body=BertModel)`. The body is kept under its own prefix
(`self.bert`), as in the checkpoint. All take the body's arguments, in the body's order, and `labels`.
Letters: B batch, C choices, T tokens, D width, V vocabulary, L labels, H W image size, h w places in it.
"""

from trivium.core.errors import InputError
from trivium.core.outputs import HeadOutput, QuestionAnsweringOutput, Seq2SeqLMOutput, Seq2SeqQuestionAnsweringOutput

from ..generation.generating import Generates
from . import nn, ops


class Head(nn.Model):
    """A network with a body, and something on it."""

    body_class = None
    body_options = {}

    def __init_subclass__(cls, body=None, prefix=None, **options):
        if body is not None:
            cls.body_class, cls.config_class, cls.body_prefix = body, body.config_class, prefix or body.body_prefix
        super().__init_subclass__(**options)

    def __init__(self, c):
        super().__init__(c)
        setattr(self, self.body_prefix, self.body_class(c, **self.body_options))

    def get_body(self):
        return getattr(self, self.body_prefix)

    def body(self, *inputs, **options):
        return self.get_body()(*inputs, **options)

    @staticmethod
    def width(c):
        """The width of what the body returns."""
        return c.hidden_size

    @staticmethod
    def dropout_rate(c):
        """The dropout before a classifier: its own, or that of the hidden layers."""
        return c.hidden_dropout_prob if c.classifier_dropout is None else c.classifier_dropout

    def initializer(self, config):
        return self.get_body().initializer(config)

    def input_shapes(self):
        return self.get_body().input_shapes()

    def init_cache(self, batch_size, max_length):
        body = self.get_body()
        if not hasattr(body, "init_cache"):
            hint = "give it init_cache(batch_size, max_length), which makes an empty past_key_values; see docs/research.md"
            raise InputError(f"{type(body).__name__} has no cache", key="init_cache", hint=hint)
        return body.init_cache(batch_size, max_length)


class MaskedLM(Head):
    """Predicts the tokens that were masked. Labels: (B, T), -100 where there is nothing to predict.

    A subclass has `unembed(x) -> logits`.
    """

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.unembed(out.last_hidden_state)  # (B, T, D) -> (B, T, V)
        return HeadOutput(token_loss(logits, labels), logits, **kept(out))


class NextToken(Generates, Head):
    """Predicts each token from those before it. Labels: (B, T), not shifted, -100 where there is nothing to predict.

    A subclass has `unembed(x) -> logits`.
    """

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.unembed(out.last_hidden_state)  # (B, T, D) -> (B, T, V)
        return HeadOutput(next_token_loss(logits, labels), logits, **kept(out))


class CausalLM(NextToken):
    """NextToken with the usual head, `lm_head`, tied to the input embedding where the config says so."""

    output_embedding = "lm_head"
    optional = ("lm_head",)
    biased = False

    def __init__(self, c):
        super().__init__(c)
        self.lm_head = nn.Unembedding(self.width(c), c.vocab_size, tied=c.tie_word_embeddings, bias=self.biased)

    def unembed(self, x):
        return self.lm_head(x, self.get_input_embeddings())


class SequenceClassification(Head):
    """Classifies a sequence. Labels: as `classification_loss` has them.

    A subclass has `classify(out) -> logits`, from its body's output.
    """

    optional = ("classifier",)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classify(out)  # (B, L)
        return HeadOutput(self.loss_of(logits, labels), logits, **kept(out))

    def loss_of(self, logits, labels):
        return classification_loss(logits, labels, self.config)


class PooledClassification(SequenceClassification):
    """SequenceClassification by the pooled first token."""

    def __init__(self, c):
        super().__init__(c)
        self.dropout = nn.Dropout(self.dropout_rate(c))
        self.classifier = nn.Linear(c.hidden_size, c.num_labels)

    def classify(self, out):  # (B, D) -> (B, L)
        return self.classifier(self.dropout(out.pooler_output))


class TwoLayers(nn.Module):
    """The first token classified by two layers, the first with an activation: RoBERTa's head, and its relatives'."""

    def __init__(self, c, activation, rate):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)
        self.out_proj = nn.Linear(c.hidden_size, c.num_labels)
        self.dropout = nn.Dropout(rate)
        self.activation = ops.activation(activation)

    def forward(self, x):  # (B, T, D) -> (B, L)
        x = self.activation(self.dense(self.dropout(x[:, 0])))
        return self.out_proj(self.dropout(x))


class FirstTokenClassification(SequenceClassification):
    """SequenceClassification by the first token and `TwoLayers`."""

    classifier_activation = "tanh"

    def __init__(self, c):
        super().__init__(c)
        self.classifier = TwoLayers(c, self.classifier_activation, self.dropout_rate(c))

    def classify(self, out):  # (B, T, D) -> (B, L)
        return self.classifier(out.last_hidden_state)


class PooledImageClassification(Head):
    """Classifies an image by what the body pooled. Labels: as `classification_loss` has them."""

    optional = ("classifier",)

    def __init__(self, c):
        super().__init__(c)
        self.classifier = nn.Linear(c.hidden_sizes[-1], c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier(out.pooler_output)  # (B, D) -> (B, L)
        loss = classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **kept(out, "hidden_states", "attentions"))


class LastTokenClassification(Head):
    """Classifies a sequence by its last token that is not padding. Labels: as `classification_loss` has them."""

    optional = ("score",)

    def __init__(self, c):
        super().__init__(c)
        self.score = nn.Linear(self.width(c), c.num_labels, bias=False)

    def forward(self, input_ids=None, *inputs, labels=None, **options):
        out = self.body(input_ids, *inputs, **options)
        logits = self.score(out.last_hidden_state)  # (B, T, D) -> (B, T, L)
        logits = ops.take_rows(logits, self.last_token(input_ids, logits))  # (B, T, L) -> (B, L)
        return HeadOutput(classification_loss(logits, labels, self.config), logits, **kept(out))

    def last_token(self, input_ids, logits):
        batch, tokens, _ = ops.shape(logits)
        pad = self.config.pad_token_id
        if pad is None and isinstance(batch, int) and batch > 1:
            why = "the last token of each sequence cannot be told from padding: the config has no pad_token_id"
            raise InputError(why, key="pad_token_id", hint="load with pad_token_id=..., or pass one sequence at a time")
        if pad is None or input_ids is None:
            return ops.broadcast_to(ops.arange(1, like=logits) - 1, (batch,))
        return ops.argmax(ops.arange(tokens, like=logits) * ops.cast(input_ids != pad, "int32"), 1)


class TokenClassification(Head):
    """Classifies each token. Labels: (B, T), -100 where there is none."""

    optional = ("classifier",)

    def __init__(self, c):
        super().__init__(c)
        self.dropout = nn.Dropout(self.dropout_rate(c))
        self.classifier = nn.Linear(c.hidden_size, c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier(self.dropout(out.last_hidden_state))  # (B, T, D) -> (B, T, L)
        return HeadOutput(token_loss(logits, labels), logits, **kept(out))


class TokenScores(Head):
    """TokenClassification as decoders of text have it: its layer is called `score`."""

    optional = ("score",)

    def __init__(self, c):
        super().__init__(c)
        self.dropout = nn.Dropout(self.dropout_rate(c))
        self.score = nn.Linear(c.hidden_size, c.num_labels)

    @staticmethod
    def dropout_rate(c):
        return next(rate for rate in (c.classifier_dropout, c.hidden_dropout, 0.1) if rate is not None)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.score(self.dropout(out.last_hidden_state))  # (B, T, D) -> (B, T, L)
        return HeadOutput(token_loss(logits, labels), logits, **kept(out, "hidden_states", "attentions"))


class Choice(Head):
    """Chooses among C sequences. Inputs are (B, C, T); labels (B,) the right choice.

    A subclass has `judge(out) -> logits`, a number (B C, 1) for each sequence from its body's output.
    """

    optional = ("classifier",)

    def input_shapes(self):
        return of_choices(super().input_shapes())

    def forward(self, *inputs, labels=None, **options):
        inputs, options, choices = merge_choices(inputs, options)
        out = self.body(*inputs, **options)
        logits = ops.reshape(self.judge(out), choices)  # (B C, 1) -> (B, C)
        loss = None if labels is None else ops.cross_entropy(logits, labels)
        return HeadOutput(loss, logits, **kept(out))


class MultipleChoice(Choice):
    """Choice by the pooled first token."""

    def __init__(self, c):
        super().__init__(c)
        self.dropout = nn.Dropout(self.dropout_rate(c))
        self.classifier = nn.Linear(c.hidden_size, 1)

    def judge(self, out):  # (B C, D) -> (B C, 1)
        return self.classifier(self.dropout(out.pooler_output))


class QuestionAnswering(Head):
    """Finds where an answer starts and ends. `start_positions`, `end_positions`: (B,); beyond the text: there is none."""

    optional = ("qa_outputs",)

    def __init__(self, c):
        super().__init__(c)
        self.qa_outputs = nn.Linear(self.width(c), 2)

    def forward(self, *inputs, start_positions=None, end_positions=None, **options):
        out = self.body(*inputs, **options)
        start, end, loss = spans(self.locate(out.last_hidden_state), start_positions, end_positions)
        return QuestionAnsweringOutput(loss, start, end, **kept(out, "mems", "hidden_states", "attentions"))

    def locate(self, x):  # (B, T, D) -> (B, T, 2)
        return self.qa_outputs(x)


class Seq2SeqHead(Head):
    """A head on an encoder and a decoder."""

    def encode(self, *inputs, **options):
        """The encoder's output, which can be given back as encoder_outputs."""
        return self.get_body().encode(*inputs, **options)


class Seq2SeqLM(Generates, Seq2SeqHead):
    """Predicts a second text from the first. Labels: (B, T), -100 where there is nothing to predict.

    Without decoder_input_ids the decoder is shown the labels, shifted right. A subclass has `unembed(x) -> logits`.
    """

    def shift_right(self, labels):
        return shift_right(labels, self.config)

    def forward(self, input_ids=None, attention_mask=None, decoder_input_ids=None, *inputs, labels=None, **options):
        if labels is not None and decoder_input_ids is None and options.get("decoder_inputs_embeds") is None:
            decoder_input_ids = self.shift_right(labels)
        out = self.body(input_ids, attention_mask, decoder_input_ids, *inputs, **options)
        logits = self.unembed(out.last_hidden_state)  # (B, T, D) -> (B, T, V)
        return Seq2SeqLMOutput(token_loss(logits, labels), logits, **kept_of_both(out))


class Seq2SeqQuestionAnswering(Seq2SeqHead):
    """QuestionAnswering on an encoder and a decoder."""

    optional = ("qa_outputs",)

    def __init__(self, c):
        super().__init__(c)
        self.qa_outputs = nn.Linear(c.hidden_size, 2)

    def forward(self, *inputs, start_positions=None, end_positions=None, **options):
        out = self.body(*inputs, **options)
        start, end, loss = spans(self.qa_outputs(out.last_hidden_state), start_positions, end_positions)
        return Seq2SeqQuestionAnsweringOutput(loss, start, end, **kept_of_both(out))


# What networks have in common


def embed(embedding, input_ids, inputs_embeds):
    """The embedded input, from one of input_ids (B, T) and inputs_embeds (B, T, D)."""
    if (input_ids is None) == (inputs_embeds is None):
        raise InputError("give either input_ids or inputs_embeds" + ("" if input_ids is None else ", not both"))
    return embedding(input_ids) if inputs_embeds is None else inputs_embeds


def asked(c, output_attentions, output_hidden_states):
    """What the layers are to keep: as the call says, or else the config."""
    return {
        "attentions": c.output_attentions if output_attentions is None else output_attentions,
        "hidden_states": c.output_hidden_states if output_hidden_states is None else output_hidden_states,
    }


def kept(out, *names):
    """What a head's output takes over from its body's."""
    names = names or ("past_key_values", "mems", "hidden_states", "attentions", "cross_attentions")
    return {name: getattr(out, name) for name in names if hasattr(out, name)}


def kept_of_both(out):
    """What a head's output takes over from that of an encoder and a decoder."""
    names = ("past_key_values", "decoder_hidden_states", "decoder_attentions", "cross_attentions")
    return kept(out, *names, "encoder_last_hidden_state", "encoder_hidden_states", "encoder_attentions")


def shift_right(ids, c):
    """What a decoder is shown to predict `ids` (B, T): the start token, and all but the last; padding where ids are -100.

    Raises:
        ConfigError: The config has no decoder_start_token_id, or no pad_token_id.
    """
    for name in ("decoder_start_token_id", "pad_token_id"):
        if getattr(c, name) is None:
            raise c.error(name, "= None, and the decoder is shown labels, shifted right by that token")
    shifted = ops.concat([ids[:, :1] * 0 + c.decoder_start_token_id, ids[:, :-1]], 1)
    return ops.where(shifted == -100, shifted * 0 + c.pad_token_id, shifted)


def of_choices(shapes):
    """What `input_shapes` gives, for C sequences instead of one."""
    return {name: ((None, *shape), dtype) for name, (shape, dtype) in shapes.items()}


def merge_choices(inputs, options):
    """Inputs of (B, C, ...) as (B C, ...), and (B, C)."""
    choices = None

    def merge(x):
        nonlocal choices
        if not hasattr(x, "shape"):
            return x
        *choices, tokens = ops.shape(x)[:3]
        return ops.reshape(x, (-1, tokens, *ops.shape(x)[3:]))

    return [merge(x) for x in inputs], {name: merge(x) for name, x in options.items()}, choices


# Losses; None where there are no labels


def token_loss(logits, labels):
    """Cross-entropy over tokens: (B, T, V), (B, T) -> ()."""
    if labels is None:
        return None
    return ops.cross_entropy(ops.reshape(logits, (-1, ops.shape(logits)[-1])), ops.reshape(labels, (-1,)))


def next_token_loss(logits, labels, smoothing=0.0):
    """Cross-entropy of each token's logits with the next token: (..., T, V), (..., T) -> ().

    The share `smoothing` of a label's chance belongs to all tokens alike.
    """
    if labels is None:
        return None
    logits, labels = logits[..., :-1, :], labels[..., 1:]
    loss = token_loss(logits, labels)
    if not smoothing:
        return loss
    chances = ops.mean(ops.log_softmax(ops.cast_like(logits, loss), -1), -1)
    counts = ops.cast_like(labels != -100, chances)
    return (1 - smoothing) * loss - smoothing * ops.sum(chances * counts) / ops.sum(counts)


def spans(logits, start_positions, end_positions):
    """The logits of where a span starts and ends, and their loss: (B, T, 2), (B,) and (B,) or None -> two of (B, T), ()."""
    start, end = logits[..., 0], logits[..., 1]
    if start_positions is None or end_positions is None:
        return start, end, None
    return start, end, (position_loss(start, start_positions) + position_loss(end, end_positions)) / 2


def position_loss(logits, positions):
    """Cross-entropy over places in a text; a place beyond it does not count: (B, T), (B,) -> ()."""
    tokens, positions = ops.shape(logits)[1], ops.cast(positions, "int32")
    inside = (positions >= 0) & (positions < tokens)
    first = positions * 0
    return ops.cross_entropy(logits, ops.where(inside, positions, ops.where(positions < 0, first, first - 100)))


def classification_loss(logits, labels, config):
    """The loss of a classifier of L labels: (B, L), labels -> ().

    `config.problem_type` says which; if it is None, one label means regression, integer labels (B,) one class each, and
    other labels (B, L) any number of classes.
    """
    if labels is None:
        return None
    problem = config.problem_type
    if problem is None:
        single = "single_label_classification" if ops.is_integer(labels) else "multi_label_classification"
        problem = "regression" if config.num_labels == 1 else single
    if problem == "regression":
        return ops.mean_squared_error(ops.reshape(logits, (-1,)), ops.cast_like(ops.reshape(labels, (-1,)), logits))
    if problem == "single_label_classification":
        return ops.cross_entropy(logits, ops.reshape(labels, (-1,)))
    return ops.binary_cross_entropy(logits, ops.cast_like(labels, logits))


def segmentation_loss(logits, labels, config):
    """The loss of naming pixels, the logits resized to the labels: (B, h, w, L), (B, H, W) -> ().

    `config.semantic_loss_ignore_index` marks pixels that do not count. One label means that it is there (1) or not (0).
    """
    if labels is None:
        return None
    ignored = config.semantic_loss_ignore_index
    logits = ops.resize_bilinear(logits, ops.shape(labels)[1:3])
    if config.num_labels > 1:
        return ops.cross_entropy(ops.reshape(logits, (-1, config.num_labels)), ops.reshape(labels, (-1,)), ignored)
    counts = ops.cast_like((labels >= 0) & (labels != ignored), logits)
    losses = ops.softplus(logits[..., 0]) - logits[..., 0] * ops.cast_like(labels, logits)
    return ops.mean(ops.reshape(losses * counts, (-1,)), 0)  # over all pixels, as in Transformers
