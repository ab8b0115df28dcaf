"""RemBERT: BERT for many languages, with embeddings of one width at its entrance and of another at its exit.

Chung and others, arXiv:2010.12821. Checkpoint: google/rembert. A relative of BERT.
Letters: B batch, C choices, T tokens, D width, E width of the embeddings, V vocabulary, L labels.
"""

from trivium.models.rembert.config import RemBertConfig as Config

from .. import heads, nn, ops
from ..bert import network as bert


class RemBertModel(bert.BertModel):
    """RemBERT without a head. Inputs: those of BERT, but inputs_embeds are (B, T, E)."""

    config_class = Config
    body_prefix = "rembert"

    def __init__(self, c: Config, add_pooling_layer: bool = True):
        super().__init__(c, add_pooling_layer=add_pooling_layer)
        self.encoder.embedding_hidden_mapping_in = nn.Linear(c.input_embedding_size, c.hidden_size)

    @staticmethod
    def make_embeddings(c: Config):
        # Unlike Bert: embeddings have a width of their own
        return bert.Embeddings(c, c.input_embedding_size)

    def embed(self, x, token_types, positions):  # (B, T, E), (B or 1, T) twice -> (B, T, D)
        return self.encoder.embedding_hidden_mapping_in(self.embeddings(x, token_types, positions))


class Predictions(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.output_embedding_size)
        self.decoder = nn.Linear(c.output_embedding_size, c.vocab_size)
        self.LayerNorm = nn.LayerNorm(c.output_embedding_size, eps=c.layer_norm_eps)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, T, V)
        return self.decoder(self.LayerNorm(self.activation(self.dense(x))))


class Cls(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.predictions = Predictions(c)


class Predicting(heads.Head):
    """What the classes that predict tokens share."""

    body_options = {"add_pooling_layer": False}
    optional = ("cls",)
    output_embedding = "cls.predictions.decoder"

    def __init__(self, c: Config):
        super().__init__(c)
        self.cls = Cls(c)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.cls.predictions(x)


class RemBertForMaskedLM(Predicting, heads.MaskedLM, body=RemBertModel):
    """RemBERT that predicts masked tokens."""


class RemBertForCausalLM(Predicting, heads.NextToken, body=RemBertModel):
    """RemBERT as a decoder, which predicts each token from those before it."""


class Dropping(heads.Head):
    """What the classes that classify share."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.classifier_dropout_prob


class RemBertForSequenceClassification(Dropping, heads.PooledClassification, body=RemBertModel):
    """RemBERT that classifies a text or a pair of texts."""


class RemBertForMultipleChoice(Dropping, heads.MultipleChoice, body=RemBertModel):
    """RemBERT that chooses among several continuations."""


class RemBertForTokenClassification(Dropping, heads.TokenClassification, body=RemBertModel):
    """RemBERT that classifies each token."""

    body_options = {"add_pooling_layer": False}


class RemBertForQuestionAnswering(heads.QuestionAnswering, body=RemBertModel):
    """RemBERT that finds the answer to a question in a text."""

    body_options = {"add_pooling_layer": False}
