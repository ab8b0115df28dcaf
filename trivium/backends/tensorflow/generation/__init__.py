"""The files of trivium/generation, loaded once more with `ops` and `programs` bound to TensorFlow."""

from trivium import generation

from .. import ops, programs

__all__ = ["ops", "programs"]
__path__ = generation.__path__
