"""The base classes of Flax's modules and models."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import jax
import numpy as np
from flax import nnx
from jax import export

from trivium.core import outputs
from trivium.core.arrays import settled
from trivium.core.errors import InputError
from trivium.core.layers import Part
from trivium.core.pretrained import Pretrained, at, building
from trivium.core.quantization import Integers

from .layers import Layers, ScannedLayers


class Module(nnx.Module):
    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise TypeError(f"{type(self).__name__} does not say what it computes: it has no forward")


class Model(Pretrained, Module):
    """A network in JAX: an `nnx.Module`, and the same as a pure function of its parameters.

    The module is for nnx's transforms and optimizers: it is an argument of the function that `nnx.jit` or `nnx.grad` takes.
    `model.apply(model.params, ...)` is for JAX's own: `jax.jit(model.apply)`, `jax.grad`, `jax.vmap`, sharding, export.
    Don't compile the module itself (`nnx.jit(model)`): its weights would be constants of the program.

    Args:
        config: The architecture's config.
        dtype: Of the weights, by NumPy's name; layers compute in it.
        seed: Of the first values, which are the same in every framework, and of dropout; None leaves the weights abstract
            (`jax.ShapeDtypeStruct`).
    """

    column = "flax"
    framework = "flax"

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    @property
    def dtype(self) -> Any:
        """The dtype of the weights."""
        return self.like().dtype

    def like(self) -> Any:
        """A weight, for its dtype."""
        return next(_weights(self))

    @property
    def params(self) -> dict[str, Any]:
        """The weights as nested dicts of arrays, for `apply`: `model.params["encoder"]["layer"]["0"]`.

        Keys are strings, for `jax.export` takes no others.
        """
        return _named(nnx.to_pure_dict(nnx.state(self, nnx.Param)))

    @property
    def batch_stats(self) -> dict[str, Any]:
        """The running statistics of batch normalisation, as `params` has the weights; none where there is no such layer."""
        return _named(nnx.to_pure_dict(nnx.state(self, nnx.BatchStat)))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _KINDS:  # which nnx would take for an attribute with data of its own
            nnx.update(self, self._state(value, name))
        else:
            super().__setattr__(name, value)

    def apply(
        self,
        params: dict[str, Any],
        *inputs: Any,
        train: bool = False,
        rngs: Any = None,
        method: str = "__call__",
        batch_stats: dict[str, Any] | None = None,
        mutable: Sequence[str] = (),
        **options: Any,
    ) -> Any:
        """The model's output as a pure function of `params`; whatever weights and mode the model itself is in do not matter.

        Args:
            params: As `model.params` is. Layers compute in its dtype, which may be another than the model's.
            *inputs: The model's.
            train: Whether dropout acts.
            rngs: What dropout draws from: a key of `jax.random`, or {"dropout": key}.
            method: The name of another method to call, such as "get_text_features".
            batch_stats: Running statistics, as `model.batch_stats` is, instead of the model's own.
            mutable: ["batch_stats"] returns the output and {"batch_stats": the running statistics after the call}.
            **options: The model's. Switches such as `output_attentions` are no arrays: under `jax.jit` bind them beforehand.

        Raises:
            InputError: `params` are not this model's; or dropout is to act, and there are no `rngs`.
        """
        if set(mutable) - {"batch_stats"}:
            raise InputError(f"mutable = {mutable!r}; batch_stats alone change in a call", key="mutable")
        model = self.with_params(params)
        if batch_stats is not None:
            model.batch_stats = batch_stats
        if train:
            model.train()
        else:
            model.eval()
        if train and rngs is not None:
            nnx.reseed(model, policy="match_shape", dropout=nnx.Rngs(rngs).dropout())
        elif train and jax.tree.leaves(nnx.state(model, nnx.RngState)):
            raise InputError("train=True needs rngs, which dropout draws from", key="rngs", hint="rngs=jax.random.key(0)")
        out = getattr(model, method)(*inputs, **options)
        return (out, {"batch_stats": model.batch_stats}) if mutable else out

    def with_params(self, params: dict[str, Any]) -> Self:
        """A model like this one with other weights, as `model.params` is; this one stays as it is.

        Raises:
            InputError: `params` are not this model's.
        """
        graphdef, _, rest = nnx.split(self, nnx.Param, ...)
        return nnx.merge(graphdef, self._state(params, "params"), rest, copy=True)

    def scan_layers(self, *, rematerialise: bool = False) -> None:
        """Holds layers that are alike as one, their weights stacked, and runs them by one `jax.lax.scan` from now on.

        A scan is traced and compiled once, so that a deep network compiles as fast as a shallow one. On the other hand XLA
        can't fuse across layers, and copies each layer's weights to its turn. Names in files stay as they are, and
        `model.params` has one layer for all those that are alike, with an axis more in front: an optimizer's state is of
        that structure too, so that this is said before there is one. `model.layers[3]` is a copy then.

        Args:
            rematerialise: Whether gradients compute each layer again, and do not keep what it computed before.
        """
        for _, part in list(nnx.iter_modules(self)):  # from leaf to root
            for name, layers in list(vars(part).items()):
                if isinstance(layers, Layers) and len(layers):
                    setattr(part, name, ScannedLayers(layers, rematerialise))

    def _state(self, tree: dict[str, Any], kind: str) -> nnx.State:
        """`params` or `batch_stats` as nnx has them."""
        state = nnx.state(self, _KINDS[kind])
        found, expected = (
            {jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in jax.tree.leaves_with_path(tree)}
            for tree in (tree, nnx.to_pure_dict(state))
        )
        if found != expected:
            names = ", ".join(sorted(found ^ expected)[:10])
            raise InputError(f"{kind} are not those of {type(self).__name__}; missing or not expected: {names}", key=kind)
        nnx.replace_by_pure_dict(state, tree)
        return state

    @classmethod
    @contextlib.contextmanager
    def _scope(cls) -> Iterator[None]:
        _construction.rngs = nnx.Rngs(dropout=building().seed)
        try:
            yield
        finally:
            _construction.rngs = None

    def _assign(self, owner: Any, name: str, array: np.ndarray, own: bool = False) -> None:
        weight = getattr(owner, name)
        held = weight.get_value()
        place = held.sharding if getattr(held, "committed", False) else None
        # on a CPU, JAX goes on using the array
        weight.set_value(jax.device_put(settled(array, np.dtype(held.dtype), own), place))

    def _read(self, owner: Any, name: str) -> np.ndarray:
        return np.asarray(getattr(owner, name).get_value())

    def _read_part(self, part: Part) -> np.ndarray:
        return np.asarray(getattr(part.stack, part.name).get_value()[part.index])

    @staticmethod
    def _children(part: Any) -> Iterable[Any]:
        return (child for _, child in nnx.iter_children(part) if isinstance(child, nnx.Module))

    def _replace_linear(self, parent: str, leaf: str, integers: Integers) -> None:
        from .quantized import QuantizedLinear

        part = at(self, parent)
        setattr(part, leaf, QuantizedLinear(integers, getattr(part, leaf)))

    def _ready(self) -> None:
        self.eval()

    def _become(self, other: Any) -> None:
        modes = {part.deterministic for _, part in nnx.iter_modules(self) if isinstance(part, nnx.Dropout)}
        if modes == {True}:
            other.eval()
        from . import programs

        super()._become(other)
        programs.forget(self)


_KINDS = {"params": nnx.Param, "batch_stats": nnx.BatchStat}
"""What a model has as nested dicts -> nnx's name of it."""


class _Construction(threading.local):
    rngs: nnx.Rngs | None = None


_construction = _Construction()


def rngs() -> nnx.Rngs:
    """What the layers of the model under construction draw their random numbers from."""
    return _construction.rngs or nnx.Rngs(dropout=building().seed)


def _weights(part: nnx.Module) -> Iterator[Any]:
    """The weights of a module, one by one: the whole state of a large model takes as long as a token."""
    for held in vars(part).values():
        if isinstance(held, nnx.Param):
            yield held.get_value()
        elif isinstance(held, nnx.Module):
            yield from _weights(held)


def _named(tree: Any) -> Any:
    return {str(key): _named(value) for key, value in tree.items()} if isinstance(tree, dict) else tree


def _register(cls: type[outputs.ModelOutput]) -> None:
    jax.tree_util.register_dataclass(cls, [field.name for field in dataclasses.fields(cls)], [])
    export.register_pytree_node_serialization(
        cls,
        serialized_name=f"{cls.__module__}.{cls.__qualname__}",
        serialize_auxdata=lambda _: b"",
        deserialize_auxdata=lambda _: (),
    )


outputs.on_each_class(_register)
export.register_namedtuple_serialization(outputs.LayerCache, serialized_name="trivium.core.outputs.LayerCache")
export.register_namedtuple_serialization(outputs.RingCache, serialized_name="trivium.core.outputs.RingCache")
export.register_namedtuple_serialization(outputs.StateCache, serialized_name="trivium.core.outputs.StateCache")
export.register_namedtuple_serialization(outputs.CrossCache, serialized_name="trivium.core.outputs.CrossCache")
