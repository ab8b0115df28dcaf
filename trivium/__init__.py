"""Trivium: every transformer architecture once, native in PyTorch, TensorFlow and JAX.

`trivium.torch`, `trivium.tensorflow`, `trivium.flax` and `trivium.numpy` have the models, `trivium.convert` moves checkpoints
between the frameworks without any of them. `trivium` itself has the names of Transformers 4: `BertModel` for PyTorch, and
`TFBertModel` and `FlaxBertModel`, called as they were. Importing `trivium` loads no framework.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES = ("convert", "flax", "numpy", "processing", "research", "tensorflow", "torch")
_NAMES = {
    "AutoConfig": "trivium.core.auto",
    "AutoTokenizer": "trivium.processing.tokenizers",
    "DataCollatorForLanguageModeling": "trivium.processing.collators",
    "DataCollatorForSeq2Seq": "trivium.processing.collators",
    "DataCollatorForTokenClassification": "trivium.processing.collators",
    "DataCollatorWithPadding": "trivium.processing.collators",
    "DefaultDataCollator": "trivium.processing.collators",
    "TriviumError": "trivium.core.errors",
    "bind": "trivium.research.binding",
    "compare": "trivium.research.comparing",
    "default_data_collator": "trivium.processing.collators",
    "eject": "trivium.research.eject",
    "pipeline": "trivium.pipelines",
    "register": "trivium.research.binding",
    "transfer": "trivium.core.transfer",
}

__all__ = [
    "AutoConfig", "AutoTokenizer", "DataCollatorForLanguageModeling", "DataCollatorForSeq2Seq",
    "DataCollatorForTokenClassification", "DataCollatorWithPadding", "DefaultDataCollator", "TriviumError", "bind", "compare",
    "convert", "default_data_collator", "eject", "flax", "numpy", "pipeline", "processing", "register", "research",
    "tensorflow", "torch", "transfer",
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
    if name.endswith(("Tokenizer", "TokenizerFast")):
        return importlib.import_module("trivium.processing.tokenizers").named(name)
    return importlib.import_module("trivium.twins").find(name)


def __dir__() -> list[str]:
    parts = (importlib.import_module(f"trivium.{name}") for name in ("processing", "processing.tokenizers", "twins"))
    return sorted([*__all__, "__version__", *(name for part in parts for name in part.names())])
