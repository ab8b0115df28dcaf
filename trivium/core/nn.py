"""The contract of layers: what a network may be built of, and what each layer means.

A network file says `from .. import nn`. Under a backend's name it gets that backend's layers, which are the framework's own:
`nn.Linear` is a `torch.nn.Linear`, a `keras.layers.Dense` or an `nnx.Linear`. Under its own name it gets the layers of this
file, which hold no numbers and cannot be called: they record the shape of each weight, and so the network is its own layout
(see `layout.py`).

Letters in shapes: B batch, T tokens, S tokens seen by attention, D width, V vocabulary, N heads, H head width, C channels.
A layer computes in the dtype of its weights. No argument that matters numerically has a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import Unbound
from .init import GLOROT, ONES, ZEROS, Init
from .layers import lstm_weights
from .pretrained import Pretrained

Tensor = Any


@dataclass(frozen=True)
class Slot:
    """The place of a weight in an unbound layer: its canonical shape, the row of the layout's table, its first values.

    `fixed` has the integers of what is no weight, though checkpoints hold it: a constant or a counter. `keep_float32`: as
    `Linear` has it.
    """

    layer: str
    shape: tuple[int, ...]
    init: Init | None
    fixed: Any = None
    keep_float32: bool = False


class Module:
    """A part of a network: attributes are layers, other modules and parameters; their paths are the weights' names.

    `forward` says what it computes; a module is called like a function.
    """

    def __init__(self) -> None:
        super().__init__()

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        raise Unbound(
            f"{type(self).__name__} is bound to no framework: it knows its weights, but computes nothing",
            hint="take the class from trivium.torch, trivium.tensorflow, trivium.flax or trivium.numpy",
        )

    forward = __call__


class Model(Pretrained, Module):
    """A whole network, with a config, weights that can be loaded and saved, and the native base class of its framework."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config


class Layers(Module):
    """Layers of one kind, applied in turn; their names are "0", "1", ...

    `layers(x, *shared, cache=None, hidden_states=False, **options)` calls each as
    `layer(x, *shared, cache=its own, **options)`, which returns `(x, kept)`, where `kept` names what the layer kept
    ("past_key_values", "attentions", ...; None if nothing). The result is `(x, kept)` with a tuple over layers for each name,
    or None where the layers kept None; `hidden_states=True` adds the stream before the first layer and after each.
    Sub-layers can also be had by index.
    """

    def __init__(self, layers: Iterable[Module]) -> None:
        super().__init__()
        for index, layer in enumerate(layers):
            setattr(self, str(index), layer)

    def __getitem__(self, index: int) -> Module:
        return list(self)[index]

    def __iter__(self) -> Iterator[Module]:
        return iter([layer for name, layer in vars(self).items() if name.isdigit()])

    def __len__(self) -> int:
        return sum(name.isdigit() for name in vars(self))


class Linear(Module):
    """x W^T + b: (..., i) -> (..., o). Weights: weight (o, i), bias (o,). Source: torch.nn.Linear.

    Args:
        keep_float32: Its weights and what it gives are float32 where the model's other weights are float16, whose range its
            products leave. Source: `_keep_in_fp32_modules` of Transformers.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        init: Init | None = None,
        bias_init: Init | None = None,
        keep_float32: bool = False,
    ) -> None:
        super().__init__()
        self.weight = Slot("Linear", (outputs, inputs), init, keep_float32=keep_float32)
        if bias:
            self.bias = Slot("Linear", (outputs,), bias_init or ZEROS, keep_float32=keep_float32)


class Experts(Module):
    """Linear layers without bias, `count` of each name, for rows of which each goes through one of them.

    Called `experts(name, x, sizes)` with rows (M, i) in the order of their experts and how many each has, (count,) int32:
    -> (M, o), each row times its expert's matrix. In memory the weights of a name are one stack; in a checkpoint they are
    "0.<name>.weight", "1.<name>.weight", ..., each (o, i). Source: Jiang and others, arXiv:2401.04088.

    Args:
        count: How many there are.
        sizes: Name -> (i, o).
    """

    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for index in range(count):
            expert = Module()
            for name, (inputs, outputs) in sizes.items():
                setattr(expert, name, Linear(inputs, outputs, bias=False))
            setattr(self, str(index), expert)


class Conv1D(Module):
    """x W + b: (..., i) -> (..., o), a linear layer whose weight is stored (i, o). Source: GPT-2, which gave it this name."""

    def __init__(self, inputs: int, outputs: int, init: Init | None = None) -> None:
        super().__init__()
        self.weight = Slot("Conv1D", (inputs, outputs), init)
        self.bias = Slot("Conv1D", (outputs,), ZEROS)


class Unembedding(Module):
    """x W^T + b: (..., D) -> (..., V), a linear layer that may use the weight of an embedding instead of its own.

    Called `unembedding(x, embedding, bias=None)` with the input's Embedding; where `tied`, its table is W, and the layer has
    no weight of its own. The bias is the layer's own (weight: bias (V,)), or the caller's.
    Source: Press and Wolf, arXiv:1608.05859.
    """

    def __init__(self, width: int, vocabulary: int, tied: bool, bias: bool = False) -> None:
        super().__init__()
        if not tied:
            self.weight = Slot("Linear", (vocabulary, width), None)
        if bias:
            self.bias = Slot("Linear", (vocabulary,), ZEROS)


class Embedding(Module):
    """Rows of a table: integers (...) -> (..., D). Weight: weight (V, D), which training leaves alone unless `trained`.

    Source: torch.nn.Embedding.
    """

    def __init__(self, vocabulary: int, width: int, init: Init | None = None, trained: bool = True) -> None:
        super().__init__()
        self.weight = Slot("Embedding", (vocabulary, width), init)


class SharedEmbedding(Module):
    """An embedding that may use the table of another instead of its own.

    Called `embedding(x, other=None)` with the other Embedding; where `tied`, its table is used, and the layer has no weight of
    its own. Source: Press and Wolf, arXiv:1608.05859.
    """

    def __init__(self, vocabulary: int, width: int, tied: bool) -> None:
        super().__init__()
        if not tied:
            self.weight = Slot("Embedding", (vocabulary, width), None)


class LayerNorm(Module):
    """Normalises the last axis to mean 0 and variance 1, then scales and shifts. Weights: weight, bias (D,).

    Source: Ba and others, arXiv:1607.06450.
    """

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = Slot("LayerNorm", (width,), ONES)
        self.bias = Slot("LayerNorm", (width,), ZEROS)


class RMSNorm(Module):
    """Scales the last axis to a mean square of 1, in float32 at least, then by the weight. Weight: weight (D,).

    What it gives has the dtype of the weight; x may have a wider one, where nothing is added to the weight.

    Args:
        shift: Added to the weight: 1 where the checkpoint holds the weight's distance from one (Gemma).

    Source: Zhang and Sennrich, arXiv:1910.07467.
    """

    def __init__(self, width: int, eps: float, shift: float = 0.0) -> None:
        super().__init__()
        self.weight = Slot("RMSNorm", (width,), ZEROS if shift else ONES)


class Dropout(Module):
    """In training sets a random share `rate` of x to zero and scales the rest by 1 / (1 - rate); otherwise x as it is.

    Which of the two, and the random numbers, follow the framework's own habit. Source: Srivastava and others, JMLR 15, 2014.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()


class DropPath(Module):
    """In training leaves a random share `rate` of the samples out, as zeros, and scales the rest by 1 / (1 - rate).

    Source: Huang and others, stochastic depth, arXiv:1603.09382.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()


class Chance(Module):
    """Random numbers for the network itself, drawn from where dropout draws.

    Called `chance(shape, like)`: float32 numbers (*shape) from 0 up to 1, without 1, on the device of `like`, others each
    time, in training or not. `chance.training` is a bool of Python's: whether the network is in training.
    """

    training: bool


class BatchNorm2d(Module):
    """Normalises each channel to mean 0 and variance 1 over all samples and places, then scales and shifts: (B, H, W, C).

    Training uses the samples at hand, and moves the running statistics `momentum` of the way towards theirs (the variance as
    one estimates it of them, over n - 1), which each framework keeps in its own way; otherwise the running statistics count.
    Weights: weight, bias, running_mean, running_var (C,). PyTorch also counts its steps, in `num_batches_tracked`.
    Source: Ioffe and Szegedy, arXiv:1502.03167; torch.nn.BatchNorm2d.
    """

    def __init__(self, width: int, eps: float, momentum: float) -> None:
        super().__init__()
        self.weight = Slot("BatchNorm2d", (width,), ONES)
        self.bias = Slot("BatchNorm2d", (width,), ZEROS)
        self.running_mean = Slot("BatchNorm2d", (width,), ZEROS)
        self.running_var = Slot("BatchNorm2d", (width,), ONES)
        self.num_batches_tracked = Slot("Counter", (), None, np.zeros((), np.int64))


class GroupNorm(Module):
    """Normalises all places of each group of features to mean 0 and variance 1, then scales and shifts: (B, ..., C), the same.

    Weights: weight, bias (C,). Source: Wu and He, arXiv:1803.08494.
    """

    def __init__(self, groups: int, width: int, eps: float) -> None:
        super().__init__()
        self.weight = Slot("GroupNorm", (width,), ONES)
        self.bias = Slot("GroupNorm", (width,), ZEROS)


class Conv1d(Module):
    """Convolution over one axis: (B, T, i) -> (B, T', o), channels last. Weights: weight (o, i / groups, k), bias (o,).

    Stride or dilation is 1, as Keras will have it. Source: torch.nn.Conv1d.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int = 1,
        init: Init | None = None,
        bias_init: Init | None = None,
    ) -> None:
        super().__init__()
        self.weight = Slot("Conv1d", (outputs, inputs // groups, kernel_size), init)
        if bias:
            self.bias = Slot("Conv1d", (outputs,), bias_init or ZEROS)


class Conv2d(Module):
    """Convolution: (B, H, W, i) -> (B, H', W', o), channels last. Weights: weight (o, i / groups, h, w), bias (o,).

    Source: torch.nn.Conv2d.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        groups: int = 1,
        bias: bool = True,
        dilation: tuple[int, int] = (1, 1),
        init: Init | None = None,
        bias_init: Init | None = None,
    ) -> None:
        super().__init__()
        self.weight = Slot("Conv2d", (outputs, inputs // groups, *kernel_size), init)
        if bias:
            self.bias = Slot("Conv2d", (outputs,), bias_init or ZEROS)


class ConvTranspose1d(Module):
    """What Conv1d takes back: (B, T, i) -> (B, (T - 1) stride + k, o), no stride above its size.

    Weights: weight (i, o, k), bias (o,). Source: torch.nn.ConvTranspose1d.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        stride: int,
        init: Init | None = None,
        bias_init: Init | None = None,
    ) -> None:
        super().__init__()
        self.weight = Slot("ConvTranspose1d", (inputs, outputs, kernel_size), init)
        self.bias = Slot("ConvTranspose1d", (outputs,), bias_init or ZEROS)


class ConvTranspose2d(Module):
    """What Conv2d takes back: (B, H, W, i) -> (B, (H - 1) stride + h, ..., o), no stride above its size.

    Weights: weight (i, o, h, w), bias (o,). Source: torch.nn.ConvTranspose2d.
    """

    def __init__(self, inputs: int, outputs: int, kernel_size: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.weight = Slot("ConvTranspose2d", (inputs, outputs, *kernel_size), None)
        self.bias = Slot("ConvTranspose2d", (outputs,), ZEROS)


class LSTM(Module):
    """Long short-term memories, one on the other, from the first step to the last: (B, T, i) -> (B, T, D), what the last says.

    Weights, for each layer n: weight_ih_ln (4 D, i or D), weight_hh_ln (4 D, D), bias_ih_ln, bias_hh_ln (4 D,), the gates in
    the order input, forget, cell, output. They are Parameters, with the same axes everywhere: the layers of Keras and nnx have
    one bias, where checkpoints have two. Source: Hochreiter and Schmidhuber, Neural Computation 9, 1997; torch.nn.LSTM.
    """

    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        for name, shape in lstm_weights(inputs, width, layers).items():
            setattr(self, name, Slot("Parameter", shape, GLOROT if name.startswith("weight") else ZEROS))


def Parameter(shape: tuple[int, ...], init: Init | None = None) -> Slot:  # noqa: N802, a class in the backends
    """A weight that a module holds itself. In `forward` it is a tensor of that shape."""
    return Slot("Parameter", shape, init)


def Buffer(shape: tuple[int, ...], init: Init | None = None) -> Slot:  # noqa: N802, a class in the backends
    """A Parameter that is not trained: part of the checkpoint, but no optimizer sees it. Source: torch.nn.Buffer."""
    return Slot("Buffer", shape, init)


def Constant(values: np.ndarray) -> Slot:  # noqa: N802, a class in the backends
    """Integers that the config fixes, and that PyTorch's checkpoints hold all the same. In `forward` an int tensor."""
    return Slot("Constant", values.shape, None, values)
