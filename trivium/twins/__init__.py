"""The names that programs for Transformers 4 import: `BertModel` (PyTorch), and its twins `TFBertModel` and `FlaxBertModel`.

A class without a prefix is the one behind `trivium.torch`. A twin is the class behind `trivium.tensorflow` or `trivium.flax`,
called and loaded as Transformers' was: see `tensorflow.Twin` and `flax.Twin`.
"""

from __future__ import annotations

import functools
import importlib
import types
from typing import Any

from trivium.core import auto
from trivium.models import catalogue

_BACKENDS = {"TF": "tensorflow", "Flax": "flax"}


def find(name: str) -> Any:
    """The class of a name that Transformers has at its top level.

    Raises:
        AttributeError: There is none; the nearest are offered.
        BackendMissing: Its framework is not installed.
    """
    if name in configs():
        return catalogue.config_class(configs()[name])
    if name in networks():
        return getattr(importlib.import_module("trivium.torch"), name)
    for prefix, backend in _BACKENDS.items():
        plain = name.removeprefix(prefix)
        if plain != name and plain in networks():
            return getattr(_twins(prefix, backend), plain)
    raise AttributeError(f"module 'trivium' has no attribute {name!r}; {auto.suggestion(name)}")


def names() -> list[str]:
    """All names that `find` knows."""
    return [*configs(), *networks(), *(prefix + name for prefix in _BACKENDS for name in networks())]


def configs() -> dict[str, str]:
    """The name of each config class -> its model_type."""
    return {name: model_type for model_type, (_, name) in catalogue.configs().items()}


def networks() -> list[str]:
    """The names of all networks and auto classes."""
    return [*auto.TASKS, *(name for found in catalogue.architectures().values() for name in found[1:])]


@functools.cache
def _twins(prefix: str, backend: str) -> Twins:
    return Twins(prefix, backend)


class Twins:
    """The twins in one framework, by their names without the prefix; what its auto classes take their classes from."""

    __name__ = "trivium"

    def __init__(self, prefix: str, backend: str):
        self.prefix, self.door = prefix, importlib.import_module(f"trivium.{backend}")
        self.twin = importlib.import_module(f"trivium.twins.{backend}").Twin

    def __getattr__(self, plain: str) -> type:
        found: type
        if plain in auto.TASKS:
            found = auto.auto_class(plain, self, self.prefix)
        else:
            native = getattr(self.door, plain)
            members = {"__module__": "trivium", "__doc__": native.__doc__}
            found = types.new_class(self.prefix + plain, (self.twin, native), exec_body=lambda own: own.update(members))
        setattr(self, plain, found)
        return found
