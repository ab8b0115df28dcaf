"""The weight layout: which weights a network has, and where each framework keeps them.

A network bound to nothing is its own layout: `layout(BertForMaskedLM, config)` builds it from the contract's layers, which
record their weights, and reads their names off the attributes. No framework is needed, and no memory.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .init import ZEROS, Init

if TYPE_CHECKING:
    from .config import Config

# One row per weight of each layer of the contract, one column per place where it is kept:
#   torch       the module of PyTorch in memory, and the checkpoint on the Hub: the canonical layout
#   tensorflow  the Keras 3 layer in memory          flax   the nnx module in memory
#   tf4         tf_model.h5 of Transformers 4        flax4  flax_model.msgpack of Transformers 4
# A cell is the weight's name there and its axes, one letter each, from which every transpose is derived:
#   k    the length of a kernel                      d    width, where a vector belongs to it
#   o i  output and input features     v d  vocabulary and width     h w  height and width     1  an axis of length one
# A Parameter and a Buffer keep their name and axes everywhere.
_ROWS = """
layer        weight   torch         tensorflow     flax           tf4            flax4
Linear       weight   weight oi     kernel io      kernel io      kernel io      kernel io
Linear       bias     bias o        bias o         bias o         bias o         bias o
Conv1D       weight   weight io     kernel io      kernel io      weight io      kernel oi
Conv1D       bias     bias o        bias o         bias o         bias 1o        bias o
Conv1d       weight   weight oik    kernel kio     kernel kio     kernel kio     kernel kio
Conv1d       bias     bias o        bias o         bias o         bias o         bias o
Conv2d       weight   weight oihw   kernel hwio    kernel hwio    kernel hwio    kernel hwio
Conv2d       bias     bias o        bias o         bias o         bias o         bias o
ConvTranspose1d weight weight iok   kernel koi     kernel koi     kernel koi     kernel koi
ConvTranspose1d bias   bias o       bias o         bias o         bias o         bias o
ConvTranspose2d weight weight iohw  kernel hwoi    kernel hwoi    kernel hwoi    kernel hwoi
ConvTranspose2d bias   bias o       bias o         bias o         bias o         bias o
Embedding    weight   weight vd     embeddings vd  embedding vd   embeddings vd  embedding vd
LayerNorm    weight   weight d      gamma d        scale d        gamma d        scale d
LayerNorm    bias     bias d        beta d         bias d         beta d         bias d
GroupNorm    weight   weight d      gamma d        scale d        gamma d        scale d
GroupNorm    bias     bias d        beta d         bias d         beta d         bias d
RMSNorm      weight   weight d      scale d        scale d        weight d       weight d
BatchNorm2d  weight   weight d      gamma d        scale d        gamma d        scale d
BatchNorm2d  bias     bias d        beta d         bias d         beta d         bias d
BatchNorm2d  running_mean running_mean d moving_mean d mean d      moving_mean d  mean d
BatchNorm2d  running_var  running_var d moving_variance d var d    moving_variance d var d
"""


@dataclass(frozen=True)
class Place:
    """Where a framework or file keeps one weight of a layer: its name there, and its axes."""

    name: str
    axes: str


def _read_rows() -> dict[tuple[str, str], dict[str, Place]]:
    (_, _, *columns), *rows = (line.split() for line in _ROWS.strip().splitlines())
    return {
        (layer, weight): {
            column: Place(*cell) for column, cell in zip(columns, zip(cells[::2], cells[1::2], strict=True), strict=True)
        }
        for layer, weight, *cells in rows
    }


PLACES: Mapping[tuple[str, str], Mapping[str, Place]] = _read_rows()
"""(layer, weight) -> column -> where it is kept."""


@dataclass(frozen=True)
class Weight:
    """One weight of a network.

    Attributes:
        name: Its path in the network, which is its name in the checkpoint on the Hub.
        shape: Its shape there.
        layer: The contract's layer that owns it, and `leaf` its name in that layer.
        init: How its first values are drawn.
        moved: Its axes, and those in TensorFlow's files, where an architecture's rules say it (`Axes`) and no row of the table.
        keep_float32: Whether it is float32 in a model whose other weights are float16.
    """

    name: str
    shape: tuple[int, ...]
    layer: str
    leaf: str
    init: Init
    moved: tuple[str, str] | None = None
    keep_float32: bool = False

    def place(self, column: str) -> Place:
        """Where `column` (torch, tensorflow, flax, tf4, flax4) keeps it."""
        if self.moved:
            return Place(self.leaf, self.moved[column == "tf4"])
        if self.layer in ("Parameter", "Buffer", "Constant"):
            return Place(self.leaf, "abcdefgh"[: len(self.shape)])
        return PLACES[self.layer, self.leaf][column]

    @property
    def is_parameter(self) -> bool:
        """Whether it is a parameter, and not state that no optimizer sees."""
        return self.layer != "Buffer" and not self.leaf.startswith("running_")

    @property
    def is_trained(self) -> bool:
        """Whether it has a gradient: it is a parameter, and not given by the architecture."""
        return self.is_parameter and not self.init.given

    @property
    def owner(self) -> str:
        """The path of the layer that owns it."""
        return self.name.rpartition(".")[0]

    @property
    def axes(self) -> str:
        """The letters of its axes in the canonical layout."""
        return self.place("torch").axes

    def shape_in(self, column: str) -> tuple[int, ...]:
        """Its shape in `column`."""
        sizes = dict(zip(self.axes, self.shape, strict=True))
        return tuple(sizes.get(axis, 1) for axis in self.place(column).axes)

    def from_canonical(self, array: Any, column: str) -> Any:
        """A view of `array`, given in the canonical layout, as `column` keeps it."""
        return rearrange(array, self.axes, self.place(column).axes)

    def to_canonical(self, array: Any, column: str) -> Any:
        """A view of `array`, given as `column` keeps it, in the canonical layout."""
        return rearrange(array, self.place(column).axes, self.axes)


def rearrange(array: np.ndarray, source: str, target: str) -> np.ndarray:
    """A view of `array`, whose axes are the letters of `source`, with those of `target`; "1" is an axis of length one."""
    if source == target:
        return array
    kept = source.replace("1", "")
    array = array.reshape([size for size, axis in zip(array.shape, source, strict=True) if axis != "1"])
    array = array.transpose([kept.index(axis) for axis in target if axis != "1"])
    sizes = iter(array.shape)
    return array.reshape([1 if axis == "1" else next(sizes) for axis in target])


@dataclass(frozen=True, eq=False)
class Fixed:
    """Integers that are no weight, though checkpoints hold them.

    Attributes:
        name: Their name there.
        values: The constant, or a counter's zero.
        counts: Whether they are a counter, which PyTorch alone keeps: whatever a checkpoint says is right, and where there is
            none, a new one begins.
    """

    name: str
    values: np.ndarray
    counts: bool

    @property
    def place(self) -> Weight:
        """Where it would be if it were a weight, by which dialects spell its name."""
        return Weight(self.name, self.values.shape, "Constant", self.name.rpartition(".")[2], ZEROS)


@dataclass(frozen=True)
class Part:
    """A part of a network: the name of its class, in the contract or in the network's file, and whether it is a whole model."""

    name: str
    model: bool


@dataclass(frozen=True, eq=False)
class Layout:
    """The weights of a network.

    Attributes:
        weights: Name -> weight, in the order of the network's attributes.
        ties: Another name of a weight, as PyTorch's state dict has it -> its name in `weights`.
        prefix: Where a network with a head keeps its body ("bert"); empty for a body itself.
        body_prefix: Where networks with a head keep this kind of body.
        optional: Parts (paths, or patterns as of `fnmatch`) that a checkpoint of another class may lack: heads, poolers.
        parts: Path -> part, in the order of the network's attributes; the network itself is "".
        fixed: Name -> integers that are no weight, though PyTorch's checkpoints hold them.
        networks: Path -> model_type and layout of a part that is a whole network of another architecture.
        twins: Name in `ties` -> weight, of the layers that have two places in the network.
    """

    weights: Mapping[str, Weight]
    ties: Mapping[str, str]
    prefix: str
    body_prefix: str
    optional: tuple[str, ...]
    parts: Mapping[str, Part]
    fixed: Mapping[str, Fixed] = field(default_factory=dict)
    networks: Mapping[str, tuple[str, Layout]] = field(default_factory=dict)
    twins: Mapping[str, Weight] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Weight]:
        return iter(self.weights.values())

    @functools.cached_property
    def has_statistics(self) -> bool:
        """Whether the network keeps statistics of what it is trained on."""
        return any(weight.layer == "BatchNorm2d" for weight in self)

    @property
    def size(self) -> int:
        """The number of parameters; buffers and running statistics are none."""
        return sum(int(np.prod(weight.shape, dtype=np.int64)) for weight in self if weight.is_parameter)


@functools.lru_cache(maxsize=64)
def layout(network: type, config: Config) -> Layout:
    """The layout of `network`, a class of a `trivium.models` network file, for `config`."""
    model = network(config)
    found: dict[str, Weight] = {}
    for name, slot, owner in slots(model):
        if slot.fixed is None:
            init = slot.init or owner.initializer(owner.config)
            leaf = name.rpartition(".")[2]
            found[name] = Weight(name, slot.shape, slot.layer, leaf, init, keep_float32=slot.keep_float32)
    ties = model.ties()
    weights, twins = ({name: w for name, w in found.items() if (name in ties) == tied} for tied in (False, True))
    prefix = "" if model.get_body() is model else model.body_prefix
    fixed = {name: Fixed(name, slot.fixed, slot.layer == "Counter") for name, slot, _ in slots(model) if slot.fixed is not None}
    parts = dict(_parts(model))
    networks = dict(_networks(model, config.model_type))
    return Layout(weights, ties, prefix, model.body_prefix, tuple(model.optional_parts()), parts, fixed, networks, twins)


def _networks(module: Any, model_type: str, path: str = "") -> Iterator[tuple[str, tuple[str, Layout]]]:
    """(path, (model_type, layout)) of the outermost parts that are networks of other architectures."""
    from trivium.models import catalogue

    from . import nn

    for name, value in vars(module).items():
        other = value.config.model_type if isinstance(value, nn.Model) else model_type
        if other != model_type and catalogue.folder_of_type(other) != catalogue.folder_of_type(model_type):
            network: Any = type(value)
            yield path + name, (other, layout(network, value.config))
        elif isinstance(value, nn.Module):
            yield from _networks(value, model_type, f"{path}{name}.")


def _parts(module: Any, path: str = "") -> Iterator[tuple[str, Part]]:
    """(path, part) of a module and of all below it."""
    from . import nn

    yield path, Part(type(module).__name__, isinstance(module, nn.Model))
    for name, value in vars(module).items():
        if isinstance(value, nn.Module):
            yield from _parts(value, f"{path}.{name}" if path else name)


def slots(module: Any, path: str = "", model: Any = None) -> Iterator[tuple[str, Any, Any]]:
    """(name, slot, model) of everything that checkpoints hold of a module, in the order of attributes.

    The model is the innermost that the slot belongs to: a network may have whole others for parts.
    """
    from . import nn

    model = module if isinstance(module, nn.Model) else model
    for name, value in vars(module).items():
        if isinstance(value, nn.Slot):
            yield path + name, value, model
        elif isinstance(value, nn.Module):
            yield from slots(value, f"{path}{name}.", model)
