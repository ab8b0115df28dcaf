"""One folder per architecture, named by its model_type, and the heads that many share.

The files here are written against the contract, `trivium.core.nn` and `trivium.core.ops`. Loaded under this package's name they
are bound to it and are the weight layout; each backend loads the same files once more, under its own name and bound to its own
`nn` and `ops` (`trivium/backends/torch/models/__init__.py`, say).
"""

from trivium.core import nn, ops

__all__ = ["nn", "ops"]
