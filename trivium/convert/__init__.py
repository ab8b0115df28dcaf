"""Checkpoints without a framework: `convert`, `verify`, `doctor`, `inspect`, `open`, and `save` for the models.

A checkpoint is read through `formats/` (bytes to named tensors) and `names.py` (names to weights of the layout), and written
the same way back. See docs/design.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conversion import convert
    from .diagnosis import doctor
    from .explanation import explain
    from .inspection import inspect
    from .preview import dry_run
    from .reading import open
    from .saving import save
    from .verification import verify

__all__ = ["convert", "doctor", "dry_run", "explain", "inspect", "open", "save", "verify"]

_HOMES = {
    "convert": "conversion",
    "doctor": "diagnosis",
    "inspect": "inspection",
    "dry_run": "preview",
    "explain": "explanation",
    "open": "reading",
    "save": "saving",
    "verify": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
