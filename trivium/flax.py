"""Every class in Flax (nnx): `from trivium.flax import BertModel, AutoModel`."""

from trivium.core.doors import door

__getattr__, __dir__ = door("flax")
