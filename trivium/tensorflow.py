"""Every class in TensorFlow (Keras 3): `from trivium.tensorflow import BertModel, AutoModel`."""

from trivium.core.doors import door

__getattr__, __dir__ = door("tensorflow")
