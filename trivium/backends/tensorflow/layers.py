"""Layers in turn: each by itself, or those that are alike as one, so that what is compiled does not grow with depth."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trivium.core.layers import Part, Scanned, apply_layers, run_layer

from .module import Mode, Module


class Layers(Module):
    rematerialise = False

    def __init__(self, layers: Iterable[Any]) -> None:
        super().__init__()
        self.stack = list(layers)

    def forward(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        run = _again if self.rematerialise else run_layer
        return apply_layers(self.stack, x, shared, cache, hidden_states, options, run)

    def __getitem__(self, index: int) -> Any:
        return self.stack[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.stack)

    def __len__(self) -> int:
        return len(self.stack)


def _again(layer: Any, *inputs: Any, cache: Any, **options: Any) -> Any:
    """Calls a layer that is computed again in the gradient, with the same values of its variables: dropout's seeds, too."""
    variables = layer.variables
    given = (inputs, cache, [tf.convert_to_tensor(variable.value) for variable in variables])
    leaves = tf.nest.flatten(given)
    floats = [place for place, leaf in enumerate(leaves) if _is_float(leaf)]
    first: list[Any] = []
    training = Mode()()

    def compute(*moving: tf.Tensor) -> list[tf.Tensor]:
        filled = dict(enumerate(leaves)) | dict(zip(floats, moving, strict=True))
        inputs, cache, values = tf.nest.pack_sequence_as(given, list(filled.values()))
        with_layer = functools.partial(_stateless, layer, variables, values, *inputs, cache=cache, **options)
        found = Called(with_layer, layer.dtype_policy)(training=training)
        first.append(found)
        return [leaf for leaf in tf.nest.flatten(found) if _is_float(leaf)]

    told = iter(tf.recompute_grad(compute)(*(leaves[place] for place in floats)))
    found, changed = tf.nest.map_structure(lambda leaf: next(told) if _is_float(leaf) else leaf, first[0])
    for variable, new in zip(variables, changed, strict=True):
        if new is not None:
            variable.assign(new)
    return found


class Called(keras.layers.Layer):
    """Calls a function in a mode and a policy of its own: when a gradient is computed, the model's call is over."""

    def __init__(self, function: Any, policy: keras.DTypePolicy) -> None:
        super().__init__(dtype=policy)
        self.function, self.built = function, True

    def call(self, training: bool = False) -> Any:
        return self.function()


def _stateless(layer: Any, variables: list[Any], values: list[Any], *inputs: Any, **options: Any) -> tuple[Any, list[Any]]:
    """What a layer returns with other values of its variables, and those values that it changes, None for the others."""
    with keras.StatelessScope(list(zip(variables, values, strict=True))) as scope:
        found = layer(*inputs, **options)
    now = map(scope.get_current_value, variables)
    return found, [None if new is old else new for new, old in zip(now, values, strict=True)]


def _is_float(leaf: Any) -> bool:
    return tf.is_tensor(leaf) and leaf.dtype.is_floating


class ScannedLayers(Scanned, Module):
    """Of layers that are alike, a `Run` is kept. By index one gets a `View` of a layer of it."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        runs = [list(run) for _, run in itertools.groupby(layers, _kind)]
        self.counts = tuple(map(len, runs))
        self.runs = [Run(run) if len(run) > 1 else run[0] for run in runs]

    def __getitem__(self, index: int) -> Any:
        run, place = self.find(range(len(self))[index])
        return run if place is None else View(run, place, run.first)

    def place(self, index: int) -> Any:
        run, place = self.find(index)
        return (run, None, ()) if place is None else (run.first, run.part, (place,))

    def scan(self, run: Any, *inputs: Any) -> Any:
        return run(*inputs)

    def forward(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return self.apply(x, shared, cache, hidden_states, options)


def scan_inside(part: Any) -> None:
    """Makes `ScannedLayers` of the `Layers` in a part of a network; what is inside a run stays as it is."""
    for name, layers in list(vars(part).items()):
        if isinstance(layers, Layers) and len(layers):
            part._tracker.untrack(layers)  # Keras forgets no layer that is replaced
            setattr(part, name, ScannedLayers(layers))
    for child in part._layers:
        scan_inside(child)


class Run(Module):
    """Layers that are alike: the first, which is called with the variables of each, and the variables of all, stacked."""

    def __init__(self, layers: list[Any]) -> None:
        super().__init__()
        vars(self)["first"] = layers[0]  # past Keras, which would count its variables as well
        self.count = len(layers)
        for place, column in enumerate(zip(*(layer.variables for layer in layers), strict=True)):
            setattr(self, f"stack_{place}", _stacked_variable(column))

    @property
    def stacks(self) -> list[keras.Variable]:
        """The stacked variables, in the order of the first layer's."""
        return [getattr(self, f"stack_{place}") for place in range(len(self.first.variables))]

    def part(self, owner: Any, name: str, index: tuple[int, ...]) -> Part:
        """Where a weight of the first layer is for all of them."""
        return Part(self, f"stack_{self.find(getattr(owner, name))}", index)

    def find(self, variable: keras.Variable) -> int:
        """The place of one of the first layer's variables among the stacks."""
        return [own is variable for own in self.first.variables].index(True)

    def forward(self, x: Any, caches: list[Any], shared: Any, hidden_states: bool, options: Any) -> Any:
        """The last x, x after each layer if it is asked for, and what each kept."""

        def step(x: Any, values: list[Any], cache: Any) -> Any:
            found, changed = _stateless(self.first, self.first.variables, values, x, *shared, cache=cache, **options)
            x, kept = found
            return x, (x if hidden_states else None, kept, changed)  # changed: dropout's seeds, running statistics

        values, cache = [stack.value for stack in self.stacks], _stacked(caches)
        found = None if tf.executing_eagerly() else _in_a_loop(step, x, (values, cache), self.count)
        x, (seen, kept, changed) = found or _one_by_one(step, x, (values, cache), self.count)
        for stack, new in zip(self.stacks, changed, strict=True):
            if new is not None:
                stack.assign(new)
        return x, _unstacked(seen, self.count), _unstacked(kept, self.count)


class View:
    """One layer of a run, or a part of it: called like it, and what would be its variables are tensors."""

    def __init__(self, run: Run, index: int, part: Any) -> None:
        self._run, self._index, self._part = run, index, part

    def _of(self, found: Any) -> Any:
        if isinstance(found, keras.Variable):
            return self._run.stacks[self._run.find(found)].value[self._index]
        return View(self._run, self._index, found) if isinstance(found, keras.layers.Layer) else found

    def __getattr__(self, name: str) -> Any:
        return self._of(getattr(self._part, name))

    def __getitem__(self, index: int) -> Any:
        return self._of(self._part[index])

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        values = [stack.value[self._index] for stack in self._run.stacks]
        with keras.StatelessScope(list(zip(self._run.first.variables, values, strict=True))):
            return self._part(*inputs, **options)


def _one_by_one(step: Any, x: Any, xs: Any, count: int) -> Any:
    """The last x, and what the steps say besides, stacked."""
    each = []
    for index in range(count):
        x, its = step(x, *_map(lambda leaf, index=index: leaf[index], xs))
        each.append(its)
    return x, _stacked(each)


def _in_a_loop(step: Any, x: Any, xs: Any, count: int) -> Any:
    """`_one_by_one` as a loop of the graph, or None where x changes its shape on the way."""
    specs = _map(lambda leaf: tf.TensorSpec(leaf.shape[1:], leaf.dtype), xs)
    probe = tf.function(step, autograph=False).get_concrete_function(tf.TensorSpec(x.shape, x.dtype), *specs)
    y, its = probe.structured_outputs
    if (y.shape, y.dtype) != (x.shape, x.dtype):
        return None

    def array(like: Any) -> tf.TensorArray:
        return tf.TensorArray(like.dtype, count, element_shape=like.shape)

    def body(index: Any, x: Any, arrays: Any) -> Any:
        y, its = step(x, *_map(lambda array: array.read(index), inputs))
        y.set_shape(x.shape)
        return index + 1, y, [array.write(index, leaf) for array, leaf in zip(arrays, _leaves(its), strict=True)]

    inputs = _map(lambda leaf: array(leaf[0]).unstack(leaf), xs)
    start = (0, x, [array(leaf) for leaf in _leaves(its)])
    _, x, arrays = tf.while_loop(lambda index, *_: index < count, body, start, maximum_iterations=count)
    stacks = iter(arrays)
    return x, _map(lambda leaf: next(stacks).stack(), its)


def _map(function: Any, *trees: Any) -> Any:
    return tf.nest.map_structure(lambda *leaves: None if leaves[0] is None else function(*leaves), *trees)


def _leaves(tree: Any) -> list[Any]:
    return [leaf for leaf in tf.nest.flatten(tree) if leaf is not None]


def _stacked(trees: list[Any]) -> Any:
    return _map(lambda *leaves: tf.stack(leaves), *trees)


def _unstacked(tree: Any, count: int) -> list[Any]:
    parts = [None if leaf is None else tf.unstack(leaf, count) for leaf in tf.nest.flatten(tree)]
    each = ([None if part is None else part[index] for part in parts] for index in range(count))
    return [tf.nest.pack_sequence_as(tree, leaves) for leaves in each]


def _stacked_variable(variables: Iterable[keras.Variable]) -> keras.Variable:
    first, *_ = variables = list(variables)
    values = np.stack([variable.numpy() for variable in variables])
    return keras.Variable(values, dtype=first.dtype, trainable=first.trainable)


def _kind(part: Any) -> Any:
    """Equal for two layers, or parts of them, that compute the same of their variables."""
    if isinstance(part, keras.Variable):
        return tuple(part.shape), part.dtype, part.trainable
    if isinstance(part, Module):
        own = [name for name in vars(part).keys() - vars(Module()).keys() if not name.startswith("_self_")]  # TensorFlow's
        return type(part), {name: _kind(getattr(part, name)) for name in own}
    if isinstance(part, keras.layers.Layer):
        config = {name: value for name, value in part.get_config().items() if name not in ("name", "seed")}
        return type(part), config, getattr(part, "sides", None), [_kind(variable) for variable in part.variables]
    if isinstance(part, list | tuple):
        return [_kind(each) for each in part]
    if isinstance(part, np.ndarray | tf.Tensor):
        return np.asarray(part).tolist()
    return part
