"""What Keras 3 calls a weight in its files: where its layer is in the model, and a number.

Keras walks over a model's attributes in the order of their names, and stores a layer under the first path that leads to it.
A whole model has, besides its attributes, a list `layers` of the same layers, so that those whose names come later in the
alphabet than "layers" are found there first. In a list a layer is called by its class, with a number from the second on. All
this follows from the layout. Source: keras/src/saving/saving_lib.py, _walk_saveable and _save_container_state.
"""

from __future__ import annotations

import functools
import re

from trivium.core.layout import Layout

_CLASSES = {
    "Linear": "Dense",
    "Conv1D": "Dense",
    "Conv2d": "Conv2D",
    "LayerNorm": "LayerNormalization",
    "Unembedding": "Untied",
}
"""The contract's layers that are called otherwise in `trivium/backends/tensorflow/nn.py`, or in Keras."""

NOT_WEIGHTS = re.compile(r"(.*/)?seed_generator/vars/0|optimizer/vars/\d+|(.*\.)?rngs\.(count|key)")
"""What Keras and nnx also store: the state of random generators, and an optimizer's."""


@functools.lru_cache(maxsize=8)
def keras_names(layout: Layout) -> dict[str, str]:
    """The name of each weight of a network in a file of Keras 3: "bert/encoder/layer/stack/layer_1/.../vars/0"."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for weight in layout:
        number = counts.get(weight.owner, 0)
        counts[weight.owner] = number + 1
        found[weight.name] = "/".join(filter(None, (_path(weight.owner, layout), "vars", str(number))))
    return found


def other_keras_name(name: str, layout: Layout) -> str | None:
    """The name that a weight of the body has in a file of a class without a head, or, if that is the network's, with one."""
    if not layout.prefix:
        body = _snake(layout.parts[""].name)
        return f"{_child(layout.body_prefix, f'layers/{body}', True)}/{name}"
    body = f"{_path(layout.prefix, layout)}/"
    return name.removeprefix(body) if name.startswith(body) else None


def _path(path: str, layout: Layout) -> str:
    """The path of a part of a network in Keras's files."""
    if not path:
        return ""
    parent, _, name = path.rpartition(".")
    if name.isdigit():
        found = f"stack/{_in_list(path, parent, layout)}"
    else:
        found = _child(name, f"layers/{_in_list(path, parent, layout)}", layout.parts[parent].model)
    return "/".join(filter(None, (_path(parent, layout), found)))


def _child(name: str, listed: str, model: bool) -> str:
    return listed if model and name > "layers" else "output_" if name == "output" else name


def _in_list(path: str, parent: str, layout: Layout) -> str:
    """The name of a part in the list of all parts of its parent."""
    siblings = [other for other in layout.parts if other and other.rpartition(".")[0] == parent]
    name = _snake(layout.parts[path].name)
    before = [_snake(layout.parts[other].name) for other in siblings[: siblings.index(path)]].count(name)
    return f"{name}_{before}" if before else name


def _snake(name: str) -> str:
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", _CLASSES.get(name, name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
