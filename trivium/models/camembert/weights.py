"""Where CamemBERT's names on disk differ from the network's: where RoBERTa's do."""

from trivium.models.roberta.weights import RULES

__all__ = ["RULES"]
