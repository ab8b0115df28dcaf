"""What a weight is called in each dialect of names.

The dialects are columns of the layout's table: "torch" (the Hub's names), "tf4" and "flax4" (Transformers 4's TensorFlow and
Flax), "tensorflow" and "flax" (Trivium's own models there, as Keras 3 and nnx save them). A name is derived from the weight's
path and its row of the table; `trivium/models/<m>/weights.py` states the exceptions.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from trivium.core.layout import Layout, Weight
from trivium.models import catalogue

from .keras_names import NOT_WEIGHTS, keras_names, other_keras_name
from .rules import Bare, Rules, rules_of

_FLAX_LEAVES = ("kernel", "scale", "embedding")
_LEGACY = {"weight": "gamma", "bias": "beta"}
"""A LayerNorm's weights in the first PyTorch checkpoints, which came from TensorFlow."""


def dialect_of(keys: Iterable[str]) -> str:
    """The dialect of a file's keys: TensorFlow's end with ":0", most of Flax's with a name that PyTorch does not use."""
    leaves = [key.rpartition(".")[2] for key in keys]
    if any(leaf.endswith(":0") for leaf in leaves):
        return "tf4"
    return "flax4" if sum(leaf in _FLAX_LEAVES for leaf in leaves) > leaves.count("weight") else "torch"


def key(weight: Weight, layout: Layout, dialect: str, rules: Rules) -> str:
    """The name under which Transformers 4 writes a weight, TensorFlow's without the model's name."""
    return next(spellings(weight, layout, dialect, rules))


def spellings(weight: Weight, layout: Layout, dialect: str, rules: Rules) -> Iterator[str]:
    """All names under which a weight may be found, the one that Transformers 4 writes first."""
    if dialect == "tensorflow":
        name = keras_names(layout).get(weight.name)
        yield from filter(None, (name, name and other_keras_name(name, layout)))
        return
    for found in _paths(weight, layout, dialect, rules):
        if dialect == "flax4" and layout.has_statistics:
            yield f"{_collection(weight)}.{found}"
        yield found


def _paths(weight: Weight, layout: Layout, dialect: str, rules: Rules) -> Iterator[str]:
    owner, leaves = weight.owner, _leaves(weight, dialect)
    for part, (model_type, inner) in layout.networks.items():
        if weight.name.startswith(f"{part}."):
            inside = replace(weight, name=weight.name[len(part) + 1 :])
            owner, leaves = part, list(_paths(inside, inner, dialect, rules_of(catalogue.folder_of_type(model_type))))
    if dialect == "tf4":
        yield from (rule.name for rule in bare(weight, layout, rules))
        for leaf in leaves:
            if owner != weight.owner:  # spelled by the rules of a network within
                yield f"{_renamed(_in_head(owner, layout), dialect, rules).replace('.', '/')}/{leaf}"
            else:
                yield _tensorflow(_renamed(_join(_in_head(owner, layout), leaf), dialect, rules), rules.dotted)
        return
    owners = [owner]
    if layout.prefix == "":
        owners.append(_in_head(owner, layout))
    elif f"{owner}.".startswith(f"{layout.prefix}."):
        owners.append(owner[len(layout.prefix) + 1 :])
    for owner in owners:
        for leaf in leaves:
            found = _renamed(_join(owner, leaf), dialect, rules)
            yield found
            for rule in rules.also:
                if rule.dialect == dialect and f".{rule.path}." in f".{found}.":
                    yield found.replace(rule.path, rule.there)


def _leaves(weight: Weight, dialect: str) -> list[str]:
    """What a weight may be called in the layer that owns it."""
    leaf = weight.place(dialect).name
    others = {}
    if dialect == "tf4" and weight.layer == "Embedding":
        others = {"embeddings": "weight", "weight": "embeddings"}
    elif dialect == "torch" and weight.layer == "LayerNorm":
        others = _LEGACY
    return [leaf, others[leaf]] if leaf in others else [leaf]


def in_files(weight: Weight, rules: Rules) -> Weight:
    """A weight as the files of an architecture have it."""
    for rule in rules.axes:
        if f".{weight.name}".endswith(f".{rule.path}"):
            return replace(weight, moved=(rule.axes, rule.there))
    return weight


def layers(weight: Weight, layout: Layout, rules: Rules, top: Iterable[str]) -> tuple[str, ...]:
    """The top-level layers of tf_model.h5 that hold a weight, its own first; `top` are those that there are."""
    for rule in bare(weight, layout, rules):
        return tuple(layer for layer in rule.layers if layer in top or layer == rule.layers[0])
    path = _join(_in_head(weight.owner, layout), weight.leaf)
    shared = (rule.layer for rule in rules.shared if rule.layer in top and f"{path}.".startswith(f"{rule.path}."))
    return (key(weight, layout, "tf4", rules).partition("/")[0], *shared)


def bare(weight: Weight, layout: Layout, rules: Rules) -> list[Bare]:
    """The rules for a weight that TensorFlow holds without the model's name."""
    path = _join(_in_head(weight.owner, layout), weight.leaf)
    return [rule for rule in rules.bare if rule.path == path]


def is_omitted(weight: Weight, network: type, dialect: str, rules: Rules) -> bool:
    """Whether a dialect's files of this class do without a weight."""
    from fnmatch import fnmatchcase

    return weight.init.given and any(
        rule.dialect == dialect
        and fnmatchcase(weight.name, rule.pattern)
        and network.__name__ in (rule.networks or (network.__name__,))
        for rule in rules.omitted
    )


def is_derived(name: str, layout: Layout, rules: Rules) -> bool:
    """Whether a key is covered by a rule as something that the code itself makes, or that is no part of a model."""
    from fnmatch import fnmatchcase

    if NOT_WEIGHTS.fullmatch(name):
        return True
    for part, (model_type, inner) in layout.networks.items():
        if name.startswith(f"{part}."):
            return is_derived(name[len(part) + 1 :], inner, rules_of(catalogue.folder_of_type(model_type)))
    name = name.removeprefix(f"{layout.body_prefix}.")
    return any(fnmatchcase(name, pattern) for pattern in rules.derived)


def model_name(network: type) -> str:
    """What TensorFlow calls a model: "tf_bert_for_masked_lm". Source: to_snake_case of Keras 2."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", f"TF{network.__name__}")
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _collection(weight: Weight) -> str:
    """Flax keeps statistics apart: where a network has any, its file has two trees of names; reading strips their names."""
    return "batch_stats" if weight.leaf.startswith("running_") else "params"


def _in_head(owner: str, layout: Layout) -> str:
    """A path as a network with a head has it."""
    return owner if layout.prefix else _join(layout.body_prefix, owner)


def _join(*parts: str) -> str:
    return ".".join(filter(None, parts))


def _renamed(name: str, dialect: str, rules: Rules) -> str:
    for rule in rules.renames:
        if rule.dialect == dialect and (found := re.match(_pattern(rule.path), name)):
            there = rule.there
            for part in found.groups():
                there = there.replace("*", part, 1)
            return there + name[found.end() :]
    return name


@functools.cache
def _pattern(path: str) -> str:
    """A regular expression for names that begin with a path; "*" is any one component."""
    return re.escape(path).replace(r"\*", r"([^.]+)") + r"(?=\.|$)"


def _tensorflow(name: str, dotted: tuple[str, ...]) -> str:
    """A dotted path as TensorFlow spells it: an index is joined to what it counts."""
    first, *parts = re.split(r"(?<!\\)\.", name)
    found, owner = first, first
    for part in parts:
        counts = part.isdigit() and part is not parts[-1]
        found += (("." if owner in dotted else "_._") if counts else "/") + part
        owner = owner if counts else part
    return found.replace("\\.", ".") + ":0"
