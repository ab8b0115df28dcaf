"""Text, token by token: what `model.generate` does, in every backend.

The files here are bound as those of `trivium.models` are: `from . import ops, programs` is the contract, `trivium.core.ops` and
`trivium.core.programs`, or a backend's own.
"""

from trivium.core import ops, programs

__all__ = ["ops", "programs"]
