"""Trivium: every transformer architecture once, native in PyTorch, TensorFlow and JAX.

`trivium.torch`, `trivium.tensorflow`, `trivium.flax` and `trivium.numpy` have the models, `trivium.convert` moves checkpoints
between the frameworks without any of them. `trivium` itself has the names of Transformers 4: `BertModel` for PyTorch, and
`TFBertModel` and `FlaxBertModel`, called as they were. Importing `trivium` loads no framework.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES = ("convert", "flax", "numpy", "processing", "tensorflow", "torch")
_NAMES = {
    "AutoConfig": "trivium.core.auto",
    "AutoTokenizer": "trivium.processing.tokenizers",
    "TriviumError": "trivium.core.errors",
    "bind": "trivium.research.binding",
    "compare": "trivium.research.comparing",
    "eject": "trivium.research.eject",
    "pipeline": "trivium.pipelines",
    "register": "trivium.research.binding",
    "transfer": "trivium.core.transfer",
}

__all__ = [
    "AutoConfig", "AutoTokenizer", "TriviumError", "bind", "compare", "convert", "eject", "flax", "numpy", "pipeline",
    "processing", "register", "tensorflow", "torch", "transfer",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"trivium.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name.startswith("_"):
        raise AttributeError(f"module 'trivium' has no attribute {name!r}")
    if name.endswith(("Processor", "FeatureExtractor")):
        return getattr(importlib.import_module("trivium.processing"), name)
    return importlib.import_module("trivium.twins").find(name)


def __dir__() -> list[str]:
    processing, twins = (importlib.import_module(f"trivium.{name}") for name in ("processing", "twins"))
    return sorted([*__all__, "__version__", *processing.names(), *twins.names()])
