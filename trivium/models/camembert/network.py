"""CamemBERT: RoBERTa trained on French.

Martin and others, arXiv:1911.03894. Checkpoint: almanach/camembert-base.
A relative of RoBERTa, its equal but for the weights.
"""

from trivium.models.camembert.config import CamembertConfig as Config

from ..roberta import network as roberta


class CamembertModel(roberta.RobertaModel):
    """CamemBERT without a head. Inputs: those of RoBERTa."""

    config_class = Config


class CamembertForMaskedLM(roberta.RobertaForMaskedLM, body=CamembertModel):
    """CamemBERT that predicts masked tokens."""


class CamembertForCausalLM(roberta.RobertaForCausalLM, body=CamembertModel):
    """CamemBERT that predicts each token from those before it, as a decoder."""


class CamembertForSequenceClassification(roberta.RobertaForSequenceClassification, body=CamembertModel):
    """CamemBERT that classifies a text or a pair of texts."""


class CamembertForMultipleChoice(roberta.RobertaForMultipleChoice, body=CamembertModel):
    """CamemBERT that chooses among several continuations."""


class CamembertForTokenClassification(roberta.RobertaForTokenClassification, body=CamembertModel):
    """CamemBERT that classifies each token."""


class CamembertForQuestionAnswering(roberta.RobertaForQuestionAnswering, body=CamembertModel):
    """CamemBERT that finds the answer to a question in a text."""
