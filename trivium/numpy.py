"""Every class in NumPy, the reference: `from trivium.numpy import BertModel, AutoModel`."""

from trivium.core.doors import door

__getattr__, __dir__ = door("numpy")
