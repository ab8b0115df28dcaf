"""ELECTRA: a discriminator that tells replaced tokens from real ones, and the generator that replaced them.

Clark and others, arXiv:2003.10555. Checkpoint: google/electra-small-discriminator. A relative of BERT.
Letters: B batch, C choices, T tokens, D width, E width of the embeddings, V vocabulary, L labels.
"""

from trivium.core.outputs import HeadOutput
from trivium.models.electra.config import ElectraConfig as Config

from .. import heads, nn, ops
from ..bert import network as bert


class ElectraModel(bert.BertModel):
    """ELECTRA without a head. Inputs: those of BERT, but inputs_embeds are (B, T, E)."""

    config_class = Config
    body_prefix = "electra"
    optional = ()

    def __init__(self, c: Config):
        super().__init__(c, add_pooling_layer=False)
        self.projects = c.embedding_size != c.hidden_size
        if self.projects:
            self.embeddings_project = nn.Linear(c.embedding_size, c.hidden_size)

    @staticmethod
    def make_embeddings(c: Config):
        # Unlike Bert: embeddings have a width of their own
        return bert.Embeddings(c, c.embedding_size, absolute=not c.relates)

    def embed(self, x, token_types, positions):  # (B, T, E), (B or 1, T) twice -> (B, T, D)
        x = self.embeddings(x, token_types, positions)
        return self.embeddings_project(x) if self.projects else x


class GeneratorPredictions(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.LayerNorm = nn.LayerNorm(c.embedding_size, eps=c.layer_norm_eps)
        self.dense = nn.Linear(c.hidden_size, c.embedding_size)

    def forward(self, x):  # (B, T, D) -> (B, T, E)
        # Unlike Bert: gelu whatever hidden_act says
        return self.LayerNorm(ops.gelu(self.dense(x)))


class Predicting(heads.Head):
    """What the classes that predict tokens share."""

    optional = ("generator_predictions", "generator_lm_head")
    output_embedding = "generator_lm_head"

    def __init__(self, c: Config):
        super().__init__(c)
        self.generator_predictions = GeneratorPredictions(c)
        self.generator_lm_head = nn.Unembedding(c.embedding_size, c.vocab_size, tied=c.tie_word_embeddings, bias=True)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.generator_lm_head(self.generator_predictions(x), self.get_input_embeddings())


class ElectraForMaskedLM(Predicting, heads.MaskedLM, body=ElectraModel):
    """The generator, which predicts masked tokens."""


class ElectraForCausalLM(Predicting, heads.NextToken, body=ElectraModel):
    """ELECTRA as a decoder, which predicts each token from those before it."""


class DiscriminatorPredictions(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)
        self.dense_prediction = nn.Linear(c.hidden_size, 1)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, T)
        return self.dense_prediction(self.activation(self.dense(x)))[..., 0]


class ElectraForPreTraining(heads.Head, body=ElectraModel):
    """The discriminator, which tells replaced tokens from real ones.

    Labels: (B, T), 1 where a token was replaced; what attention_mask hides does not count.
    """

    optional = ("discriminator_predictions",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.discriminator_predictions = DiscriminatorPredictions(c)

    def forward(self, input_ids=None, attention_mask=None, *inputs, labels=None, **options):
        out = self.body(input_ids, attention_mask, *inputs, **options)
        logits = self.discriminator_predictions(out.last_hidden_state)  # (B, T, D) -> (B, T)
        loss = None
        if labels is not None:
            labels = ops.cast_like(labels, logits)
            counts = labels * 0 + 1 if attention_mask is None else ops.cast_like(attention_mask, logits)
            losses = ops.softplus(logits) - logits * labels  # binary cross-entropy
            loss = ops.sum(losses * counts) / ops.sum(counts)
        return HeadOutput(loss, logits, **heads.kept(out))


class ElectraForSequenceClassification(heads.FirstTokenClassification, body=ElectraModel):
    """ELECTRA that classifies a text or a pair of texts."""

    classifier_activation = "gelu"


class Summary(nn.Module):
    """The first token, transformed."""

    def __init__(self, c: Config):
        super().__init__()
        self.summary = nn.Linear(c.hidden_size, c.hidden_size)
        self.first_dropout = nn.Dropout(c.summary_first_dropout)
        self.last_dropout = nn.Dropout(c.summary_last_dropout)
        self.activation = ops.activation(c.summary_activation) if c.summary_activation else None

    def forward(self, x):  # (B, T, D) -> (B, D)
        x = self.summary(self.first_dropout(x[:, 0]))
        return self.last_dropout(x if self.activation is None else self.activation(x))


class ElectraForMultipleChoice(heads.Choice, body=ElectraModel):
    """ELECTRA that chooses among several continuations."""

    optional = ("sequence_summary", "classifier")

    def __init__(self, c: Config):
        super().__init__(c)
        self.sequence_summary = Summary(c)
        self.classifier = nn.Linear(c.hidden_size, 1)

    def judge(self, out):  # (B C, T, D) -> (B C, 1)
        return self.classifier(self.sequence_summary(out.last_hidden_state))


class ElectraForTokenClassification(heads.TokenClassification, body=ElectraModel):
    """ELECTRA that classifies each token."""


class ElectraForQuestionAnswering(heads.QuestionAnswering, body=ElectraModel):
    """ELECTRA that finds the answer to a question in a text."""
