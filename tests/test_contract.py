"""The contract: the same functions and layers in every backend, and the same numbers as NumPy in float64.

A backend that cannot keep a line of it says so in `exceptions/<backend>.txt`; see `conftest.py`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backends import Backend, each_backend
from trivium.backends.numpy import nn as reference_nn
from trivium.backends.numpy import ops as reference_ops
from trivium.core import activations, nn, ops
from trivium.core.init import ZEROS
from trivium.core.layout import PLACES, Weight
from trivium.core.pretrained import _construction

MODELS = Path(nn.__file__).parents[1] / "models"
FLOATS = {"float32": 2e-6, "bfloat16": 2e-2, "float16": 2e-3}  # dtype -> rounding, relative to the largest value of a result
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

drawn_examples = settings(
    max_examples=6, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def bound(backend: Backend, name: str) -> ModuleType:
    """A backend's `ops` or `nn`."""
    return importlib.import_module(f"trivium.backends.{backend.name}.{name}")


def public(module: ModuleType) -> set[str]:
    """What a module defines for others: functions and classes of its own that are not private."""
    found = {name: value for name, value in vars(module).items() if callable(value) and not name.startswith("_")}
    return {name for name, value in found.items() if getattr(value, "__module__", None) == module.__name__}


OPS = public(ops)
LAYERS = public(nn) - {"Slot"}  # how an unbound layer records a weight
FRAMEWORKS_OWN = {"Module"}  # a framework's own base class may take what it likes


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """Name, kind and default of each parameter."""
    made = inspect.signature(function.__init__ if inspect.isclass(function) else function)
    return [(p.name, p.kind, p.default) for p in made.parameters.values() if p.name != "self"]


# The same names and signatures


@each_backend
def test_names(backend: Backend) -> None:
    """A backend has what the contract has, and nothing more."""
    assert public(bound(backend, "ops")) == OPS
    assert set(bound(backend, "nn").__all__) == LAYERS


@each_backend
@pytest.mark.parametrize("name", sorted(OPS))
def test_op_signature(backend: Backend, name: str) -> None:
    """Every function takes the contract's parameters: names, order, kinds and defaults."""
    assert parameters(getattr(bound(backend, "ops"), name)) == parameters(getattr(ops, name))


@each_backend
@pytest.mark.parametrize("name", sorted(LAYERS - FRAMEWORKS_OWN))
def test_layer_signature(backend: Backend, name: str) -> None:
    """Every layer is made with the contract's parameters, whether it is a class or a function that makes one."""
    assert parameters(getattr(bound(backend, "nn"), name)) == parameters(getattr(nn, name))


def used(module: str) -> set[str]:
    """Which names of `ops` or `nn` the files in trivium/models and trivium/generation use."""
    files = [*MODELS.rglob("*.py"), *MODELS.with_name("generation").rglob("*.py")]
    trees = [ast.parse(path.read_text()) for path in files]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == module}


def test_networks_use_the_contract_and_all_of_it() -> None:
    """No function or layer that no network uses, and no network that uses another."""
    assert used("ops") | set(activations.OPS.values()) == OPS
    assert used("nn") == LAYERS


# Numbers: the arguments of each function, drawn


class Draw:
    """Draws arguments: sizes by Hypothesis, which can shrink them; contents by NumPy from a drawn seed."""

    def __init__(self, data: st.DataObject, dtype: str) -> None:
        self.data, self.dtype = data, np.dtype(BFLOAT16 if dtype == "bfloat16" else dtype)
        self.generator = np.random.default_rng(data.draw(st.integers(0, 2**16), "seed"))

    def size(self, low: int = 1, high: int = 4) -> int:
        return self.data.draw(st.integers(low, high))

    def shape(self, low: int = 1, high: int = 4) -> tuple[int, ...]:
        return tuple(self.size() for _ in range(self.size(low, high)))

    def flag(self) -> bool:
        return self.data.draw(st.booleans())

    def of(self, *values: Any) -> Any:
        return self.data.draw(st.sampled_from(values))

    def floats(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        return (scale * self.generator.standard_normal(shape)).astype(self.dtype)

    def integers(self, *shape: int, low: int, high: int) -> np.ndarray:
        return np.asarray(self.generator.integers(low, high, shape), self.of(np.int32, np.int64))

    def bits(self, *shape: int) -> np.ndarray:
        return np.asarray(self.generator.integers(0, 2, shape), np.bool_)

    def index(self, size: int) -> int:
        return self.data.draw(st.integers(-size, size - 1))

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("draw something of it")


Arguments = tuple[list[Any], dict[str, Any]]
CASES: dict[str, Callable[[Draw], Arguments]] = {}
DROPOUT = object()  # stands for a backend's own `nn.Dropout(0.0)`


def case(make: Callable[[Draw], Any]) -> Callable[[Draw], Any]:
    """Registers what draws the arguments of the function that it is named after."""

    def arguments(draw: Draw) -> Arguments:
        made = make(draw)
        return (list(made[0]), made[1]) if isinstance(made[-1], dict) else (list(made), {})

    CASES[make.__name__.strip("_")] = arguments
    return make


@case
def shape(d: Draw) -> Any:
    return [d.floats(*d.shape())]


@case
def reshape(d: Draw) -> Any:
    sizes = [d.size(), d.size(), d.size()]
    first, whole = d.of(([-1, sizes[0]], sizes), ([sizes[2], sizes[0], sizes[1]], sizes))
    return [d.floats(*whole), tuple(first)]


@case
def transpose(d: Draw) -> Any:
    shape = d.shape()
    return [d.floats(*shape), tuple(d.data.draw(st.permutations(range(len(shape)))))]


@case
def concat(d: Draw) -> Any:
    shape = d.shape()
    axis = d.index(len(shape))
    parts = []
    for _ in range(d.size(1, 3)):
        own = list(shape)
        own[axis] = d.size()
        parts.append(d.floats(*own))
    return [parts, axis]


@case
def split(d: Draw) -> Any:
    shape, parts = list(d.shape()), d.size()
    axis = d.index(len(shape))
    shape[axis] *= parts
    return [d.floats(*shape), parts, axis]


@case
def broadcast_to(d: Draw) -> Any:
    target = d.shape(2, 4)
    shape = [d.of(1, size) for size in target]
    return [d.floats(*shape[d.size(0, 1) :]), target]


@case
def arange(d: Draw) -> Any:
    return [d.size(0, 5), d.floats(2)]


@case
def zeros(d: Draw) -> Any:
    return [d.shape(), d.of(d.floats(2), d.bits(2), d.integers(2, low=0, high=9))]


@case
def cast(d: Draw) -> Any:
    source = d.of(d.floats(*d.shape(), scale=3), d.integers(3, low=-4, high=4), d.bits(3))
    return [source, d.of("bool", "int32", "float32")]


@case
def cast_like(d: Draw) -> Any:
    source = d.of(d.floats(3, scale=3), d.integers(3, low=-4, high=4), d.bits(3))
    return [source, d.of(d.floats(2), np.ones(1, np.int32), np.ones(1, np.float32))]


@case
def is_integer(d: Draw) -> Any:
    return [d.of(d.floats(2), d.bits(2), d.integers(2, low=0, high=9))]


@case
def where(d: Draw) -> Any:
    shape = d.shape()
    condition = d.bits(*(d.of(1, size) for size in shape))
    x, y = d.of((d.floats(*shape), d.floats(*shape)), (np.arange(np.prod(shape), dtype=np.int64).reshape(shape),) * 2)
    return [condition, x, -y]


@case
def clamp_half(d: Draw) -> Any:
    return [d.floats(*d.shape(), scale=1000)]


@case
def take(d: Draw) -> Any:
    rows = d.size()
    return [d.floats(rows, *d.shape(0, 2)), d.integers(*d.shape(0, 3), low=0, high=rows)]


@case
def argsort(d: Draw) -> Any:
    shape = d.shape()
    return [d.floats(*shape), d.index(len(shape))]


@case
def linear_assignment(d: Draw) -> Any:
    batch, rows, columns = d.size(), d.size(1, 5), d.size(1, 5)
    return [d.floats(batch, rows, columns), d.bits(batch, rows)]


@case
def max_pool(d: Draw) -> Any:
    size = d.size(1, 3), d.size(1, 3)
    padding = tuple(d.size(0, side // 2) for side in size)
    return [d.floats(d.size(), d.size(3, 6), d.size(3, 6), d.size()), size, (d.size(1, 2), d.size(1, 3)), padding]


@case
def average_to(d: Draw) -> Any:
    return [d.floats(d.size(), d.size(1, 6), d.size(1, 6), d.size()), (d.size(1, 7), d.size(1, 7))]


@case
def take_rows(d: Draw) -> Any:
    batch, tokens = d.size(), d.size()
    return [d.floats(batch, tokens, *d.shape(0, 2)), d.integers(batch, low=-tokens, high=tokens)]


@case
def update(d: Draw) -> Any:
    batch, room, rest = d.size(), d.size(2, 5), d.shape(0, 2)
    tokens = d.size(1, room)
    start = np.int32(d.size(0, room + 1))  # also beyond the end
    return [d.floats(batch, room, *rest), d.floats(batch, tokens, *rest), np.asarray(start)]


@case
def sum_(d: Draw) -> Any:
    return [d.floats(*d.shape())]


@case
def argmax(d: Draw) -> Any:
    shape = d.shape()
    x = d.of(d.floats(*shape), d.integers(*shape, low=0, high=2))  # two values only, so that the first of equals counts
    return [x, d.index(len(shape))]


def activation_case(name: str) -> None:
    """All activations alike, also far from zero."""
    CASES[name] = lambda d: ([d.floats(*d.shape(), scale=d.of(1.0, 30.0))], {})


for _name in sorted(set(activations.OPS.values())):
    activation_case(_name)


@case
def linear_scan(d: Draw) -> Any:
    batch, steps, rest = d.size(), d.size(1, 9), d.shape(0, 2)
    a = np.tanh(d.floats(batch, steps, *rest).astype(np.float32)).astype(d.dtype)  # no growth
    return [a, d.floats(batch, steps, *rest), d.floats(batch, *rest)]


@case
def attention(d: Draw) -> Any:
    batch, heads, width, tokens = d.size(), d.size(1, 3), d.size(), d.size()
    causal = d.flag()
    keys = tokens if causal else d.size()
    q, k, v = (d.floats(batch, length, heads, width) for length in (tokens, keys, keys))
    mask = None
    if d.flag():
        mask = d.bits(d.of(1, batch), d.of(1, heads), d.of(1, tokens), keys)
        mask[..., 0] = True  # a query that sees nothing has a test of its own
    options = {"causal": causal, "scale": d.of(1.0, 0.5), "dropout": DROPOUT, "weights": d.flag()}
    return [q, k, v, mask], options


@case
def resize_bicubic(d: Draw) -> Any:
    return [d.floats(d.size(), d.size(1, 6), d.size(1, 6), d.size()), (d.size(1, 9), d.size(1, 9))]


@case
def conv1d(d: Draw) -> Any:
    groups, size = d.of(1, 2), d.size(1, 3)
    kernel = d.floats(groups * d.size(), inputs := d.size(), size)
    steps = d.of((1, 1), (3, 1), (1, 2))  # stride and dilation
    return [d.floats(d.size(), d.size(5, 8), groups * inputs), kernel, d.of(0, 2), groups, *steps]


@case
def conv_transpose1d(d: Draw) -> Any:
    stride, inputs = d.size(1, 3), d.size()
    kernel = d.floats(inputs, d.size(), stride + d.size(0, 2))
    return [d.floats(d.size(), d.size(1, 4), inputs), kernel, stride]


@case
def ctc_loss(d: Draw) -> Any:
    batch, steps, labels = d.size(), d.size(1, 6), d.size(1, 3)  # too few steps, at times
    lengths = d.integers(batch, low=1, high=steps + 1), d.integers(batch, low=1, high=labels + 1)
    said = d.integers(batch, labels, low=1, high=4)
    return [d.floats(batch, steps, 4), said, *lengths], {"blank": 0, "zero_infinity": True}


@case
def cross_entropy(d: Draw) -> Any:
    rows, classes = d.size(), d.size(1, 5)
    ignored = d.of(-100, 0, 255)
    labels = d.integers(rows, low=0, high=classes)
    if d.flag():
        labels[d.bits(rows)] = ignored  # all of them, at times: NaN
    weight = d.of(None, np.abs(d.floats(classes)) + d.dtype.type(0.5))
    return [d.floats(rows, classes, scale=d.of(1.0, 20.0)), labels], {"ignore_index": ignored, "weight": weight}


@case
def binary_cross_entropy(d: Draw) -> Any:
    shape = d.shape()
    return [d.floats(*shape, scale=d.of(1.0, 20.0)), d.bits(*shape).astype(d.dtype)]


@case
def mean_squared_error(d: Draw) -> Any:
    shape = d.shape()
    return [d.floats(*shape), d.floats(*shape)]


ALSO_INT32 = {"arange", "argmax", "argsort", "linear_assignment"}
INDEXED = {"top_k"}  # values, and their places in int32
AT_LEAST_FLOAT32 = {"constant", "cross_entropy", "ctc_loss", "binary_cross_entropy", "mean_squared_error"}
RESULT_IS_LIKE = {
    "zeros": 1,
    "cast_like": 1,
    "einsum": 1,
    "where": 1,
}  # the argument whose dtype the result has, where not the first


def tensor(backend: Backend, value: Any) -> Any:
    """An array as the framework's own tensor, lists item by item; anything else as it is."""
    if value is DROPOUT:
        return bound(backend, "nn").Dropout(0.0)
    if isinstance(value, list):
        return [tensor(backend, item) for item in value]
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    if backend.name == "torch":
        import torch

        if value.dtype == BFLOAT16:
            return torch.from_numpy(value.astype(np.float32)).to(torch.bfloat16)
        return torch.from_numpy(np.array(value))
    if backend.name == "tensorflow":
        import tensorflow

        return tensorflow.convert_to_tensor(value)
    if backend.name == "flax":
        import jax.numpy

        return jax.numpy.asarray(value)
    return value


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of any framework."""
    return hasattr(value, "dtype") and hasattr(value, "shape")


def dtype_of(value: Any) -> str:
    """NumPy's name of a tensor's dtype."""
    return getattr(value.dtype, "name", str(value.dtype).removeprefix("torch."))


def array(value: Any) -> np.ndarray:
    """Any framework's tensor as NumPy's, floats as float64."""
    if hasattr(value, "detach"):
        value = value.detach()
        value = value.double().numpy() if value.is_floating_point() else value.numpy()
    found = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    return found.astype(np.float64) if found.dtype.kind == "f" or found.dtype == BFLOAT16 else found


def exact(value: Any) -> Any:
    """An argument for the reference: the same numbers in float64."""
    if value is DROPOUT:
        return reference_nn.Dropout(0.0)
    if isinstance(value, list):
        return [exact(item) for item in value]
    return array(value) if isinstance(value, np.ndarray) else value


def compare(found: Any, expected: Any, tolerance: float) -> None:
    """Asserts that a result is the reference's: the same structure and shapes, numbers within the tolerance."""
    if isinstance(expected, (tuple, list)):
        assert len(found) == len(expected)
        for pair in zip(found, expected, strict=True):
            compare(*pair, tolerance)
    elif is_tensor(expected):
        assert is_tensor(found)
        got, expected = array(found), np.asarray(expected)
        assert got.shape == expected.shape
        scale = max(1.0, float(np.abs(np.nan_to_num(expected.astype(np.float64))).max(initial=0)))
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale, equal_nan=True)
    else:
        assert found == expected


def check_op(backend: Backend, name: str, args: list[Any], options: dict[str, Any], tolerance: float) -> Any:
    """Asserts that a function gives the reference's numbers, and returns what it gave."""
    function, reference = getattr(bound(backend, "ops"), name), getattr(reference_ops, name)
    found = function(*map(tensor_of(backend), args), **{key: tensor(backend, value) for key, value in options.items()})
    expected = reference(*map(exact, args), **{key: exact(value) for key, value in options.items()})
    compare(found, expected, tolerance)
    return found


def tensor_of(backend: Backend) -> Callable[[Any], Any]:
    """`tensor` of a backend."""
    return lambda value: tensor(backend, value)


def _along(name: str) -> None:
    """Registers a function of a tensor and one of its axes."""

    def make(d: Draw) -> Any:
        shape = d.shape()
        return [d.floats(*shape), d.index(len(shape))]

    make.__name__ = name
    case(make)


def _elementwise(name: str, positive: bool = False) -> None:
    """Registers a function of one tensor's elements."""

    def make(d: Draw) -> Any:
        x = d.floats(*d.shape())
        return [np.abs(x) + x.dtype.type(0.5) if positive else x]

    make.__name__ = name
    case(make)


for _name in ("mean", "max", "sum_along", "sort", "cumsum", "softmax", "log_softmax"):
    _along(_name)
for _name in ("exp", "cos", "sin", "softplus", "elu", "stop_gradient"):
    _elementwise(_name)
for _name in ("lgamma", "log", "sqrt"):
    _elementwise(_name, positive=True)


@case
def maximum(d: Draw) -> Any:
    x = d.floats(*d.shape())
    return [x, d.of(0.25, d.floats(*x.shape))]


@case
def minimum(d: Draw) -> Any:
    x = d.floats(*d.shape())
    return [x, d.of(0.25, d.floats(*x.shape))]


@case
def einsum(d: Draw) -> Any:
    b, i, j, k = (d.size() for _ in range(4))
    return ["bij,bjk->bik", d.floats(b, i, j), d.floats(b, j, k)]


@case
def pad(d: Draw) -> Any:
    shape = d.shape()
    return [d.floats(*shape), [(d.size(0, 2), d.size(0, 2)) for _ in shape]]


@case
def roll(d: Draw) -> Any:
    shape = d.shape(2, 3)
    return [d.floats(*shape), (1, -1), (0, 1)]


@case
def take_along(d: Draw) -> Any:
    shape = d.shape(2, 3)
    places = (shape[0], d.size(), *shape[2:])
    return [d.floats(*shape), d.integers(*places, low=0, high=shape[1]), 1]


@case
def resize_bilinear(d: Draw) -> Any:
    return [d.floats(d.size(), d.size(1, 5), d.size(1, 5), d.size()), (d.size(1, 6), d.size(1, 6))]


@case
def constant(d: Draw) -> Any:
    return [[-1.0, 0.5, 2.0][: d.size(1, 3)], d.floats(2)]


@case
def add(d: Draw) -> Any:
    shape = d.shape()
    narrow = d.floats(*shape)
    wide = d.floats(*shape).astype("float64" if d.dtype == "float64" else "float32")
    return list(d.of((narrow, wide), (wide, narrow), (narrow, narrow)))


@case
def every(d: Draw) -> Any:
    return [d.of(d.bits(*d.shape()), np.ones((2, 3), np.bool_))]


@case
def top_k(d: Draw) -> Any:
    shape = d.shape()
    places = np.array([d.generator.permutation(shape[-1]) for _ in range(int(np.prod(shape[:-1])))])
    return [places.reshape(shape).astype(d.dtype), d.size(1, shape[-1])]  # no equals, which come in any order


@case
def add_at(d: Draw) -> Any:
    batch, width, count = d.size(), d.size(), d.size(0, 5)
    index = d.integers(batch, count, low=0, high=width).astype(np.int32)
    return [d.floats(batch, width), index, d.floats(batch, count)]


SPECIAL = {"activation", "while_loop", "random_key", "random_uniform"}  # have tests of their own


def test_every_op_has_a_case() -> None:
    """No function goes untested."""
    assert set(CASES) | SPECIAL == OPS


@each_backend
@pytest.mark.parametrize("name", sorted(CASES))
@drawn_examples
@given(data=st.data(), dtype=st.sampled_from(sorted(FLOATS)))
def test_op(backend: Backend, name: str, data: st.DataObject, dtype: str) -> None:
    """Every function agrees with NumPy in float64 within rounding, in the dtype that the contract says."""
    draw = Draw(data, dtype)
    args, options = CASES[name](draw)
    found = check_op(backend, name, args, options, FLOATS[dtype])
    first = args[RESULT_IS_LIKE.get(name, 0)]
    first = first[0] if isinstance(first, list) else first
    if name in ALSO_INT32:
        wanted = "int32"
    elif name in AT_LEAST_FLOAT32:
        wanted = "float32"
    elif name == "cast":
        wanted = args[1]
    elif name == "add":
        wanted = "float32" if "float32" in map(dtype_of, args) else dtype
    else:
        wanted = dtype_of(first) if is_tensor(first) else ""
    if backend.name == "flax" and wanted == "int64":
        wanted = "int32"  # JAX has no other unless asked
    results = list(found) if isinstance(found, (tuple, list)) else [found]
    if name in INDEXED:
        assert dtype_of(results.pop()) == "int32"
    for result in results:
        assert not is_tensor(result) or dtype_of(result) == wanted


@each_backend
@pytest.mark.parametrize("name", sorted(activations.NAMES))
def test_activation(backend: Backend, name: str) -> None:
    """A config's name of an activation gives the function that it stands for."""
    assert bound(backend, "ops").activation(name) is getattr(bound(backend, "ops"), activations.OPS[name])


# Loops and chance


class Loop(NamedTuple):
    """The state of a loop: a number, and a tuple of tensors."""

    count: Any
    others: tuple[Any, ...]


def compiled(backend: Backend, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function as the framework compiles loops, where it does."""
    if backend.name == "flax":
        import jax

        return jax.jit(function)
    if backend.name == "tensorflow":
        import tensorflow

        return tensorflow.function(function, autograph=False, jit_compile=True)
    return function


@each_backend
def test_while_loop(backend: Backend) -> None:
    """A loop ends by its condition, with state in tuples within named tuples; compiled too."""
    found = bound(backend, "ops")

    def run(state: Any) -> Any:
        return found.while_loop(lambda s: s.count < 5, lambda s: Loop(s.count + 1, (s.others[0] * 2.0,)), state)

    begin = Loop(tensor(backend, np.int32(2)), (tensor(backend, np.array([1.0, 3.0], np.float32)),))
    for function in (run, compiled(backend, run)):
        count, (doubled,) = function(begin)
        assert int(count) == 5
        assert array(doubled).tolist() == [8.0, 24.0]
        assert int(function(begin._replace(count=tensor(backend, np.int32(7)))).count) == 7


@each_backend
def test_linear_assignment(backend: Backend) -> None:
    """Of all ways to give rows to columns it is the cheapest; compiled too, and with more rows than columns."""
    assign, generator = bound(backend, "ops").linear_assignment, np.random.default_rng(0)
    for rows, columns in ((1, 4), (4, 4), (4, 2)):
        costs = generator.standard_normal((3, rows, columns)).astype(np.float32)
        real = np.ones((3, rows), bool)
        real[0, -1], real[1] = False, False
        for function in (assign, compiled(backend, lambda both: assign(*both))):
            given = tensor(backend, costs), tensor(backend, real)
            found = array(function(given) if function is not assign else assign(*given))
            for cost, there, row_of in zip(costs, real, found, strict=True):
                chosen = [(row, column) for column, row in enumerate(row_of.tolist()) if row >= 0]
                kept = np.flatnonzero(there)
                count = min(len(kept), columns)
                assert {row for row, _ in chosen} <= set(kept) and len(chosen) == len(dict(chosen)) == count
                ways = itertools.product(itertools.permutations(kept, count), itertools.combinations(range(columns), count))
                cheapest = min(sum(cost[pair] for pair in zip(*way, strict=True)) for way in ways)
                assert sum(cost[pair] for pair in chosen) <= cheapest + 1e-5


@each_backend
def test_linear_assignment_ends_whatever_the_costs(backend: Backend) -> None:
    costs = np.full((2, 3, 4), np.nan, np.float32)
    found = bound(backend, "ops").linear_assignment(tensor(backend, costs), tensor(backend, np.ones((2, 3), bool)))
    assert array(found).shape == (2, 4)


@each_backend
def test_random_numbers(backend: Backend) -> None:
    """One seed gives the same numbers, another others; the next key's are new; they are spread evenly over [0, 1)."""
    found, like = bound(backend, "ops"), tensor(backend, np.zeros(1, np.float32))

    def draws(seed: int | None) -> tuple[np.ndarray, np.ndarray]:
        first, key = found.random_uniform(found.random_key(seed, like), (40, 50))
        assert dtype_of(first) == "float32"
        return array(first), array(found.random_uniform(key, (40, 50))[0])

    (first, second), again, other = draws(3), draws(3), draws(4)
    assert np.array_equal(first, again[0]) and np.array_equal(second, again[1])
    assert len({values.tobytes() for values in (first, second, other[0], draws(None)[0], draws(None)[0])}) == 5
    counts = np.histogram(first, 20, (0, 1))[0]
    assert counts.sum() == 2000
    assert ((counts - 100) ** 2 / 100).sum() < 43.8  # chi-squared of 19 degrees of freedom: once in a thousand seeds
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.08


# Attention


MASKS = list(itertools.product((1, 2), (1, 3), (1, 4)))  # batch, heads, queries
fused_or_not = pytest.mark.parametrize("weights", [False, True], ids=["fused", "weights"])


def queries_keys_values(dtype: str) -> list[np.ndarray]:
    """(2, 4, 3, 8), and twice (2, 5, 3, 8)."""
    generator = np.random.default_rng(0)
    kept = BFLOAT16 if dtype == "bfloat16" else np.dtype(dtype)
    return [generator.standard_normal((2, length, 3, 8)).astype(kept) for length in (4, 5, 5)]


@each_backend
@pytest.mark.parametrize("dtype", sorted(FLOATS))
@fused_or_not
def test_attention_masks(backend: Backend, dtype: str, weights: bool) -> None:
    """A mask of every shape that broadcasts."""
    generator = np.random.default_rng(1)
    for shape in MASKS:
        mask = generator.random((*shape, 5)) < 0.5
        mask[..., 2] = True
        options = {"scale": 0.4, "dropout": DROPOUT, "weights": weights}
        _, kept = check_op(backend, "attention", [*queries_keys_values(dtype), mask], options, FLOATS[dtype])
        assert (kept is not None) == weights


@each_backend
@pytest.mark.parametrize("dtype", sorted(FLOATS))
@fused_or_not
def test_attention_to_nothing(backend: Backend, dtype: str, weights: bool) -> None:
    """A query that may see no key gets the mean of all values."""
    q, k, v = queries_keys_values(dtype)
    for shape in MASKS:
        mask = np.ones((*shape, 5), bool)
        mask[0, -1, -1] = False
        options = {"scale": 0.4, "dropout": DROPOUT, "weights": weights}
        found, _ = check_op(backend, "attention", [q, k, v, mask], options, FLOATS[dtype])
        np.testing.assert_allclose(array(found)[0, -1, -1], array(v)[0, :, -1].mean(0), rtol=0, atol=2 * FLOATS[dtype])


@each_backend
@fused_or_not
def test_attention_causal_hides_what_comes_later(backend: Backend, weights: bool) -> None:
    """With `causal`, also beside a mask, what a query gives does not depend on later keys."""
    generator = np.random.default_rng(0)
    q, k, v = (generator.standard_normal((2, 5, 3, 8)).astype(np.float32) for _ in range(3))
    ops = bound(backend, "ops")
    for mask in (None, generator.random((2, 1, 1, 5)) < 0.8):
        if mask is not None:
            mask[..., 0] = True
        results = []
        for change in (0, 100):
            later = [x.copy() for x in (k, v)]
            for x in later:
                x[:, 3:] += change
            tensors = map(tensor_of(backend), (q, *later, mask))
            found, _ = ops.attention(*tensors, causal=True, scale=0.4, dropout=tensor(backend, DROPOUT), weights=weights)
            results.append(array(found)[:, :3])
        np.testing.assert_array_equal(*results)


# Images


@each_backend
@pytest.mark.parametrize("size", [(7, 5), (3, 3), (14, 14), (1, 9), (6, 4)], ids=str)
def test_resize_is_torchs(backend: Backend, size: tuple[int, int]) -> None:
    """Images are resized as by the function of PyTorch that the contract names as its source."""
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).standard_normal((2, 6, 4, 3)).astype(np.float32)
    channels_first = torch.from_numpy(x).permute(0, 3, 1, 2).double()
    wanted = torch.nn.functional.interpolate(channels_first, size, mode="bicubic", align_corners=False)
    found = bound(backend, "ops").resize_bicubic(tensor(backend, x), size)
    compare(found, wanted.permute(0, 2, 3, 1).numpy(), FLOATS["float32"])


# Losses


@each_backend
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_cross_entropy_ignores(backend: Backend, dtype: Any) -> None:
    """Ignored labels do not count, whatever their logits; where none is left the loss is NaN."""
    logits = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    loss = bound(backend, "ops").cross_entropy
    some, rest = np.array([2, -100, 0, -100], dtype), np.array([2, 0], dtype)
    found = array(loss(tensor(backend, logits), tensor(backend, some)))
    np.testing.assert_allclose(found, array(loss(tensor(backend, logits[::2].copy()), tensor(backend, rest))), rtol=1e-6)
    assert np.isnan(array(loss(tensor(backend, logits), tensor(backend, np.full(4, -100, dtype)))))


@each_backend
def test_what_overflows_in_half_precision(backend: Backend) -> None:
    """It is float16 alone that is brought back, with its sign; what is not a number stays so."""
    clamp = bound(backend, "ops").clamp_half
    values = np.array([np.inf, -np.inf, 1e30, 3, np.nan])
    for dtype, limit in (("float32", np.inf), ("bfloat16", np.inf), ("float16", ops.HALF_LIMIT)):
        with np.errstate(over="ignore"):
            given = values.astype(BFLOAT16 if dtype == "bfloat16" else dtype)
        expected = np.clip(array(given).astype(np.float64), -limit, limit)
        np.testing.assert_array_equal(array(clamp(tensor(backend, given))).astype(np.float64), expected)


# Layers


def made(backend: Backend, name: str, arguments: tuple[Any, ...], dtype: str, weights: dict[str, np.ndarray]) -> Any:
    """A layer with weights given in the canonical layout."""
    layers = bound(backend, "nn")
    with _construction(dtype, 0):
        layer = getattr(layers, name)(*arguments)
    row = {"Unembedding": "Linear", "LSTM": "Parameter"}.get(name, name)
    for leaf, values in weights.items():
        weight = Weight(leaf, values.shape, row, leaf, ZEROS)
        native = weight.from_canonical(values, layers.Model.column)
        layers.Model._assign(None, layer, weight.place(layers.Model.column).name, native)
    return layer


LAYER_CASES: dict[str, tuple[tuple[Any, ...], tuple[int, ...]]] = {  # arguments, shape of the input
    "Linear": ((5, 7), (2, 3, 5)),
    "Conv1D": ((5, 7), (2, 3, 5)),
    "LayerNorm": ((6, 1e-5), (2, 3, 6)),
    "Conv2d": ((3, 5, (2, 3), (2, 1)), (2, 6, 7, 3)),
    "Conv1d": ((4, 6, 3, 1, 1, 2, True, 2), (2, 7, 4)),
    "ConvTranspose1d": ((3, 5, 4, 2), (2, 4, 3)),
    "ConvTranspose2d": ((3, 5, (3, 2), (2, 2)), (2, 4, 3, 3)),
    "BatchNorm2d": ((6, 1e-5, 0.1), (2, 4, 3, 6)),
    "GroupNorm": ((2, 6, 1e-5), (2, 4, 3, 6)),
    "DropPath": ((0.5,), (2, 3)),
    "Embedding": ((11, 4), (2, 3)),
    "Dropout": ((0.5,), (2, 3)),
}


@each_backend
@pytest.mark.parametrize("dtype", sorted(FLOATS))
@pytest.mark.parametrize("name", sorted(LAYER_CASES))
def test_layer(backend: Backend, name: str, dtype: str) -> None:
    """Every layer computes NumPy's numbers in the dtype of its weights; dropout does nothing outside of training."""
    arguments, shape = LAYER_CASES[name]
    generator = np.random.default_rng(1)
    kept = BFLOAT16 if dtype == "bfloat16" else np.dtype(dtype)
    slots = {leaf: slot.shape for leaf, slot in vars(getattr(nn, name)(*arguments)).items() if slot.fixed is None}
    assert {(name, leaf) for leaf in slots} == {row for row in PLACES if row[0] == name}
    weights = {leaf: generator.standard_normal(size).astype(kept) for leaf, size in slots.items()}
    weights = {leaf: abs(values) + kept.type(0.5) if leaf == "running_var" else values for leaf, values in weights.items()}
    x = generator.integers(0, 11, shape) if name == "Embedding" else (3 + generator.standard_normal(shape)).astype(kept)
    layer = made(backend, name, arguments, dtype, weights)
    if name in ("Dropout", "DropPath", "BatchNorm2d") and backend.name in ("torch", "flax"):
        layer.eval()
    reference_weights = {leaf: array(values) for leaf, values in weights.items()}
    reference = made(REFERENCE, name, arguments, "float64", reference_weights)
    found = layer(tensor(backend, x))
    assert dtype_of(found) == dtype
    compare(found, reference(exact(x)), 2 * FLOATS[dtype])


REFERENCE = Backend("numpy")


@each_backend
@pytest.mark.parametrize("dtype", sorted(FLOATS))
def test_lstm(backend: Backend, dtype: str) -> None:
    """The memories compute NumPy's numbers in the dtype of their weights."""
    generator = np.random.default_rng(1)
    kept = BFLOAT16 if dtype == "bfloat16" else np.dtype(dtype)
    slots = vars(nn.LSTM(3, 4, 2))
    weights = {name: (0.5 * generator.standard_normal(slot.shape)).astype(kept) for name, slot in slots.items()}
    x = generator.standard_normal((2, 5, 3)).astype(kept)
    reference = made(REFERENCE, "LSTM", (3, 4, 2), "float64", {name: array(values) for name, values in weights.items()})
    found = made(backend, "LSTM", (3, 4, 2), dtype, weights)(tensor(backend, x))
    assert dtype_of(found) == dtype
    compare(found, reference(exact(x)), 2 * FLOATS[dtype])


def test_lstm_compiled() -> None:
    """In a graph of torch.compile the memories compute what they do outside, and have the same gradients."""
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(1)
    weights = {
        name: 0.5 * generator.standard_normal(slot.shape).astype(np.float32) for name, slot in vars(nn.LSTM(3, 4, 2)).items()
    }
    layer = made(Backend("torch"), "LSTM", (3, 4, 2), "float32", weights)
    x = torch.from_numpy(generator.standard_normal((2, 5, 3)).astype(np.float32))
    results = []
    for call in (layer, torch.compile(layer, fullgraph=True, backend="aot_eager")):
        layer.zero_grad()
        found = call(x)
        (found**2).sum().backward()
        results.append([found.detach(), *(weight.grad.clone() for weight in layer.parameters())])
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(compiled, eager, atol=1e-5, rtol=1e-5)


def test_lstm_is_torchs() -> None:
    """The reference computes what the layer of PyTorch that the contract names as its source does."""
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(1)
    weights = {name: 0.5 * generator.standard_normal(slot.shape) for name, slot in vars(nn.LSTM(3, 4, 2)).items()}
    x = generator.standard_normal((2, 5, 3))
    source = torch.nn.LSTM(3, 4, 2, batch_first=True, dtype=torch.float64)
    source.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    found = made(REFERENCE, "LSTM", (3, 4, 2), "float64", weights)(x)
    np.testing.assert_allclose(found, source(torch.from_numpy(x))[0].detach().numpy(), atol=1e-12)


@each_backend
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("biased", [True, False])
def test_unembedding(backend: Backend, tied: bool, biased: bool) -> None:
    """The layer uses the embedding's table where it is tied, and its own weight where it is not."""
    generator = np.random.default_rng(1)
    x, bias = (generator.standard_normal(shape).astype(np.float32) for shape in ((2, 3, 4), (9,)))
    table, own = (generator.standard_normal((9, 4)).astype(np.float32) for _ in range(2))
    embedding = made(backend, "Embedding", (9, 4), "float32", {"weight": table})
    layer = made(backend, "Unembedding", (4, 9, tied), "float32", {} if tied else {"weight": own})
    if tied and backend.name == "torch":
        layer.weight = embedding.weight  # which `Model._tie` does
    found = layer(tensor(backend, x), embedding, tensor(backend, bias) if biased else None)
    compare(found, x @ (table if tied else own).T + (bias if biased else 0), FLOATS["float32"])


@each_backend
def test_layers(backend: Backend) -> None:
    """Layers are applied in turn, each with what all share and its own cache; what they keep is collected by name."""

    def layers(backend: Backend) -> Any:
        nn = bound(backend, "nn")

        class Add(nn.Module):
            def forward(self, x: Any, y: Any, cache: Any = None, option: int = 0) -> Any:
                return x + y, {"seen": None if cache is None else cache + 1, "never": None, "option": x * option}

        return nn.Layers([Add(), Add(), Add()])

    found = layers(backend)
    x, y = (tensor(backend, np.full(2, value, np.float32)) for value in (1, 10))
    assert len(found) == 3
    assert list(found)[1] is found[1]
    out, kept = found(x, y, cache=[1, 2, 3], hidden_states=True, option=2)
    assert array(out).tolist() == [31, 31]
    assert kept["seen"] == (2, 3, 4)
    assert kept["never"] is None
    assert [array(value)[0] for value in kept["option"]] == [2, 22, 42]
    assert [array(value)[0] for value in kept["hidden_states"]] == [1, 11, 21, 31]
    out, kept = found(x, y)
    assert kept["hidden_states"] is None
    assert kept["seen"] is None


@each_backend
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1e5), (1.0, 1.0)])
def test_a_norm_of_wider_states(backend: Backend, shift: float, scale: float) -> None:
    """A norm in float16 takes float32, beyond what float16 holds where nothing is added to its weight."""
    random = np.random.default_rng(0)
    weight, x = random.standard_normal(6).astype(np.float16), (scale * random.standard_normal((2, 3, 6))).astype(np.float32)
    layer = made(backend, "RMSNorm", (6, 1e-6, shift), "float16", {"weight": weight})
    expected = x / np.sqrt((x.astype(np.float64) ** 2).mean(-1, keepdims=True)) * (weight.astype(np.float64) + shift)
    np.testing.assert_allclose(array(layer(tensor(backend, x))), expected, atol=4e-3 * abs(expected).max())


@each_backend
def test_parameter(backend: Backend) -> None:
    """A parameter has its shape and the dtype of the model under construction."""
    with _construction("bfloat16", 0):
        found = bound(backend, "nn").Parameter((2, 3))
    assert tuple(found.shape) == (2, 3)
    assert "bfloat16" in str(found.dtype)
