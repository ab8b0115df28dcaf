"""RoBERTa: BERT, trained longer and without the second sentence; its positions count from after the padding token's number.

Liu and others, arXiv:1907.11692. Checkpoint: FacebookAI/roberta-base. A relative of BERT.
Letters: B batch, T tokens, D width, V vocabulary, L labels.
"""

from trivium.core.init import ZEROS
from trivium.models.roberta.config import RobertaConfig as Config

from .. import caches, heads, nn, ops
from ..bert import network as bert


class RobertaModel(bert.BertModel):
    """RoBERTa without a head. Inputs: those of BERT; positions begin at pad_token_id + 1, and padding's is pad_token_id."""

    config_class = Config
    body_prefix = "roberta"

    def positions(self, input_ids, x, cache):  # (B, T) or None, (B, T, D) -> (B or 1, T)
        # Unlike Bert: padding does not count, wherever it stands
        pad = self.config.pad_token_id
        if input_ids is None:
            return caches.positions(cache, x) + (pad + 1)
        real = ops.cast(input_ids != pad, "int32")
        counted = ops.cumsum(real, 1)
        return (counted if cache is None else counted + cache[0].length) * real + pad


class LMHead(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.bias = nn.Parameter((c.vocab_size,), ZEROS)
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)
        self.layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.decoder = nn.Unembedding(c.hidden_size, c.vocab_size, tied=c.tie_word_embeddings)

    def forward(self, x, embedding):  # (B, T, D) -> (B, T, V)
        # Unlike Bert: gelu whatever hidden_act says
        return self.decoder(self.layer_norm(ops.gelu(self.dense(x))), embedding, self.bias)


class Predicting(heads.Head):
    """What the classes that predict tokens share."""

    body_options = {"add_pooling_layer": False}
    optional = ("lm_head",)
    output_embedding = "lm_head.decoder"
    other_ties = {"lm_head.decoder.bias": "lm_head.bias"}

    def __init__(self, c: Config):
        super().__init__(c)
        self.lm_head = LMHead(c)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.lm_head(x, self.get_input_embeddings())


class RobertaForMaskedLM(Predicting, heads.MaskedLM, body=RobertaModel):
    """RoBERTa that predicts masked tokens."""


class RobertaForCausalLM(Predicting, heads.NextToken, body=RobertaModel):
    """RoBERTa as a decoder, which predicts each token from those before it."""


class RobertaForSequenceClassification(heads.FirstTokenClassification, body=RobertaModel):
    """RoBERTa that classifies a text or a pair of texts."""

    body_options = {"add_pooling_layer": False}


class RobertaForMultipleChoice(heads.MultipleChoice, body=RobertaModel):
    """RoBERTa that chooses among several continuations."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.hidden_dropout_prob


class RobertaForTokenClassification(heads.TokenClassification, body=RobertaModel):
    """RoBERTa that classifies each token."""

    body_options = {"add_pooling_layer": False}


class RobertaForQuestionAnswering(heads.QuestionAnswering, body=RobertaModel):
    """RoBERTa that finds the answer to a question in a text."""

    body_options = {"add_pooling_layer": False}
