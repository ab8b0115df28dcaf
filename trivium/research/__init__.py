"""For those who try ideas: architectures of one's own in every framework, a look inside, and the way back to plain source."""

from __future__ import annotations

import importlib
from typing import Any

_NAMES = {
    "attention_maps": "attention", "bind": "binding", "compare": "comparing", "logit_lens": "lens", "register": "binding",
    "trace": "tracing",
}  # fmt: skip

__all__ = ["attention_maps", "bind", "compare", "logit_lens", "register", "trace"]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'trivium.research' has no attribute {name!r}")
    return getattr(importlib.import_module(f"trivium.research.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
