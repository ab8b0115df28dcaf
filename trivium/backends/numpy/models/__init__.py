"""The files of trivium/models, loaded once more with `nn` and `ops` bound to NumPy."""

from trivium import models

from .. import nn, ops

__all__ = ["nn", "ops"]
__path__ = models.__path__
