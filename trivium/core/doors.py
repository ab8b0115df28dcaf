"""The doors: `trivium.torch`, `trivium.tensorflow`, `trivium.flax`, `trivium.numpy`, each with every class in its framework."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from trivium import processing
from trivium.models import catalogue

from . import auto


def door(backend: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a door: classes are found by name, and imported when they are asked for."""
    importlib.import_module(f"trivium.backends.{backend}")
    module = sys.modules[f"trivium.{backend}"]

    def __getattr__(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        if name in auto.TASKS:
            found: Any = auto.auto_class(name, module)
        elif name == "AutoConfig":
            found = auto.AutoConfig
        elif name == "AutoTokenizer":
            found = importlib.import_module("trivium.processing.tokenizers").AutoTokenizer
        elif name.endswith(("Processor", "FeatureExtractor")):
            found = getattr(processing, name)
        else:
            found = _class(name)
        setattr(module, name, found)
        return found

    def _class(name: str) -> type:
        for model_type, (_, config) in catalogue.configs().items():
            if name == config:
                return catalogue.config_class(model_type)
        for folder, names in catalogue.architectures().items():
            if name in names:
                return getattr(importlib.import_module(f"trivium.backends.{backend}.models.{folder}.network"), name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}; {auto.suggestion(name)}")

    def __dir__() -> list[str]:
        classes = [name for names in catalogue.architectures().values() for name in names]
        classes += [config for _, config in catalogue.configs().values()]
        return sorted({*classes, *auto.TASKS, "AutoConfig", "AutoTokenizer", *processing.names()})

    return __getattr__, __dir__
