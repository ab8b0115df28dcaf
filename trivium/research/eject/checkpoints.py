"""What a model has to know of its checkpoints to load them, as attributes of its class."""

from __future__ import annotations

import ast
import importlib
import inspect
from typing import Any

from trivium.convert.names import key
from trivium.convert.rules import Rules, rules_of
from trivium.core.config import Config
from trivium.core.errors import ConfigError
from trivium.core.layout import Layout, layout
from trivium.core.nn import Model
from trivium.models import catalogue

from .sources import Symbol


def checkpoint_facts(symbol: Symbol, folder: str, config: Config, counts: bool) -> list[ast.stmt]:
    """The attributes of a whole network: its prefix, its ties, and the names that follow rules of their own.

    Args:
        symbol: The class, or another definition, which has none.
        folder: The architecture's.
        config: The architecture's.
        counts: Whether a layer of the network counts its steps.
    """
    if not symbol.module.startswith("trivium.models."):
        return []
    network: Any = getattr(importlib.import_module(symbol.module), symbol.name, None)
    if not (inspect.isclass(network) and issubclass(network, Model)):
        return []
    config = config if isinstance(config, network.config_class) else network.config_class()
    try:
        found = layout(network, config)  # type: ignore[arg-type]
    except ConfigError:  # a class that asks for more than the defaults: what its body has is what it has
        body = catalogue.network_class(f"{catalogue.architectures()[folder][0].removesuffix('Config')}Model")
        found = layout(getattr(network, "body_class", None) or body, config)
    rules = rules_of(folder)
    made = [weight.name for weight in found if weight.init.given]
    leaves = {f"*{name.rpartition('.')[2]}" for name in found.fixed}
    leaves |= {"*num_batches_tracked"} if counts else set()
    spared = [*made, *sorted(leaves), *(_with_star(pattern, found.body_prefix) for pattern in (*rules.derived, *rules.begun))]
    values = {
        "prefix": network.body_prefix,
        "tied": dict(found.ties),
        "renamed": _renamed(found, rules) or {rule.there: rule.path for rule in rules.also if rule.dialect == "torch"},
        "spared": tuple(dict.fromkeys(spared)),
    }
    return [ast.parse(f"{name} = {value!r}").body[0] for name, value in values.items() if value]


def _renamed(found: Layout, rules: Rules) -> dict[str, str]:
    """The beginnings of names that are others in files -> what they are in the network."""
    pairs = {}
    for weight in found:
        theirs, ours = key(weight, found, "torch", rules).split("."), weight.name.split(".")
        if theirs != ours:
            while theirs[-2:-1] == ours[-2:-1] and len(theirs) > 2 and len(ours) > 2:
                theirs, ours = theirs[:-1], ours[:-1]
            pairs[".".join(theirs[:-1]) + "."] = ".".join(ours[:-1]) + "."
    return pairs


def _with_star(pattern: str, prefix: str) -> str:
    """A pattern of names for names that may have the body's prefix, or not."""
    return pattern if pattern.startswith("*") else f"*{pattern}"
