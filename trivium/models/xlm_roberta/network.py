"""XLM-RoBERTa: RoBERTa trained on a hundred languages.

Conneau and others, arXiv:1911.02116. Checkpoint: FacebookAI/xlm-roberta-base.
A relative of RoBERTa, its equal but for the weights.
"""

from trivium.models.xlm_roberta.config import XLMRobertaConfig as Config

from ..roberta import network as roberta


class XLMRobertaModel(roberta.RobertaModel):
    """XLM-RoBERTa without a head. Inputs: those of RoBERTa."""

    config_class = Config


class XLMRobertaForMaskedLM(roberta.RobertaForMaskedLM, body=XLMRobertaModel):
    """XLM-RoBERTa that predicts masked tokens."""


class XLMRobertaForCausalLM(roberta.RobertaForCausalLM, body=XLMRobertaModel):
    """XLM-RoBERTa that predicts each token from those before it, as a decoder."""


class XLMRobertaForSequenceClassification(roberta.RobertaForSequenceClassification, body=XLMRobertaModel):
    """XLM-RoBERTa that classifies a text or a pair of texts."""


class XLMRobertaForMultipleChoice(roberta.RobertaForMultipleChoice, body=XLMRobertaModel):
    """XLM-RoBERTa that chooses among several continuations."""


class XLMRobertaForTokenClassification(roberta.RobertaForTokenClassification, body=XLMRobertaModel):
    """XLM-RoBERTa that classifies each token."""


class XLMRobertaForQuestionAnswering(roberta.RobertaForQuestionAnswering, body=XLMRobertaModel):
    """XLM-RoBERTa that finds the answer to a question in a text."""
