"""What a network can be called with. A head hands on what it does not name; frameworks and their users read the whole list."""

from __future__ import annotations

import functools
import inspect
from inspect import Parameter
from typing import Any


def parameters(network: Any) -> list[Parameter]:
    """The parameters of a network's `forward` after `self`, with its body's in place of `*inputs` and `**options`."""
    own = [p for p in inspect.signature(network.forward).parameters.values() if p.name != "self"]
    body, kinds = getattr(network, "body_class", None), {p.kind for p in own}
    if body is None or Parameter.VAR_KEYWORD not in kinds:
        return own
    named = [p for p in own if p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)]
    rest = [p for p in parameters(body) if p.name not in {p.name for p in named}]
    if Parameter.VAR_POSITIONAL not in kinds:
        rest = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in rest]
    return sorted([*named, *rest], key=lambda p: (p.kind, p not in rest if p.kind is Parameter.KEYWORD_ONLY else p in rest))


def spelled_out(network: Any) -> Any:
    """A network's `forward` with all parameters in its signature."""
    inner = network.forward

    @functools.wraps(inner)
    def forward(self: Any, *inputs: Any, **options: Any) -> Any:
        return inner(self, *inputs, **options)

    first = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    forward.__signature__ = inspect.Signature([first, *parameters(network)])  # type: ignore[attr-defined]
    return forward
