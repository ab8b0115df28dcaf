"""Every class in PyTorch: `from trivium.torch import BertModel, AutoModel`."""

from trivium.core.doors import door

__getattr__, __dir__ = door("torch")
