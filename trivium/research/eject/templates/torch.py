"""What ejected files have in PyTorch."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from safetensors import safe_open
from torch import Tensor

from trivium.backends.torch.ops import gelu_tanh, quick_gelu

from .common import apply_layers, matched, rows_of_columns, weight_files

Module = torch.nn.Module


class Model(torch.nn.Module):
    """A whole network, and what `load_weights` has to know of its checkpoints.

    Attributes:
        prefix: The name under which checkpoints of networks with a head keep this one, or under which this one keeps its body.
        tied: Other names of weights -> their names.
        renamed: Parts of names in checkpoints -> what they are called here.
        spared: Patterns of names that a checkpoint may lack, or have, since the code itself makes what they hold.
    """

    prefix: ClassVar[str] = ""
    tied: ClassVar[dict[str, str]] = {}
    renamed: ClassVar[dict[str, str]] = {}
    spared: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    def like(self) -> Tensor:
        """A weight, for its dtype and device."""
        return next(self.parameters())


class Layers(torch.nn.ModuleList):
    """Layers that are applied in turn; see `apply_layers`."""

    def forward(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return apply_layers(self, x, shared, cache, hidden_states, options)


# Layers whose arguments are the framework's own


def Linear(inputs: int, outputs: int, bias: bool = True) -> torch.nn.Linear:  # noqa: N802
    return torch.nn.Linear(inputs, outputs, bias=bias)


def Embedding(vocabulary: int, width: int) -> torch.nn.Embedding:  # noqa: N802
    return torch.nn.Embedding(vocabulary, width)


def FixedEmbedding(vocabulary: int, width: int, sines: Any) -> torch.nn.Embedding:  # noqa: N802
    return torch.nn.Embedding.from_pretrained(torch.from_numpy(sines.table(vocabulary, width)))


def LayerNorm(width: int, eps: float) -> torch.nn.LayerNorm:
    return torch.nn.LayerNorm(width, eps=eps)


def ZerosParameter(shape: tuple[int, ...]) -> torch.nn.Parameter:  # noqa: N802
    return torch.nn.Parameter(torch.zeros(shape))


def OnesParameter(shape: tuple[int, ...]) -> torch.nn.Parameter:  # noqa: N802
    return torch.nn.Parameter(torch.ones(shape))


def FilledParameter(shape: tuple[int, ...], value: float) -> torch.nn.Parameter:  # noqa: N802
    return torch.nn.Parameter(torch.full(shape, value))


def RandomParameter(shape: tuple[int, ...]) -> torch.nn.Parameter:  # noqa: N802
    return torch.nn.Parameter(0.02 * torch.randn(shape))


def ZerosBuffer(shape: tuple[int, ...]) -> torch.nn.Buffer:  # noqa: N802
    return torch.nn.Buffer(torch.zeros(shape))


def OnesBuffer(shape: tuple[int, ...]) -> torch.nn.Buffer:  # noqa: N802
    return torch.nn.Buffer(torch.ones(shape))


def MadeBuffer(shape: tuple[int, ...], values: Any) -> torch.nn.Buffer:  # noqa: N802
    return torch.nn.Buffer(torch.zeros(shape))


def Constant(values: np.ndarray) -> torch.nn.Buffer:  # noqa: N802
    return torch.nn.Buffer(torch.tensor(values), persistent=False)


def _grouped_matmul(x: Tensor, kernels: Tensor, sizes: Tensor) -> Tensor:
    """x (M, I), the rows of each group together; kernels (E, I, O); sizes (E,), which add up to M -> (M, O)."""
    return torch.cat([part @ kernel for part, kernel in zip(x.split(sizes.tolist()), kernels, strict=True)])


class Experts(torch.nn.Module):
    """Linear layers without bias, `count` of each name, for rows of which each goes through one of them.

    `experts(name, x, sizes)` takes rows (M, i) in the order of their experts and how many each has, (count,): -> (M, o).
    """

    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            self.register_parameter(name, torch.nn.Parameter(0.02 * torch.randn(count, outputs, inputs)))

    def forward(self, name: str, x: Tensor, sizes: Tensor) -> Tensor:
        return _grouped_matmul(x, getattr(self, name).transpose(1, 2), sizes)


class BatchNorm2d(torch.nn.BatchNorm2d):
    """Batch normalisation, channels last."""

    def __init__(self, width: int, eps: float, momentum: float) -> None:
        super().__init__(width, eps, momentum)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Conv2d(torch.nn.Conv2d):
    """A convolution of images, channels last."""

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
    ) -> None:
        super().__init__(inputs, outputs, kernel_size, stride, padding, dilation, groups, bias)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class ConvTranspose2d(torch.nn.ConvTranspose2d):
    """A transposed convolution of images, channels last."""

    def __init__(self, inputs: int, outputs: int, kernel_size: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__(inputs, outputs, kernel_size, stride)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Unembedding(torch.nn.Linear):
    """A linear layer that uses the weight of an embedding instead of its own where it is `tied`."""

    def __init__(self, width: int, vocabulary: int, tied: bool, bias: bool = False) -> None:
        super().__init__(width, vocabulary, bias=bias)
        if tied:
            self.weight = None

    def forward(self, x: Tensor, embedding: torch.nn.Embedding, bias: Tensor | None = None) -> Tensor:
        weight = embedding.weight if self.weight is None else self.weight
        return F.linear(x, weight, self.bias if bias is None else bias)


class SharedEmbedding(torch.nn.Embedding):
    """An embedding that uses the table of another instead of its own where it is `tied`."""

    def __init__(self, vocabulary: int, width: int, tied: bool) -> None:
        super().__init__(vocabulary, width)
        if tied:
            self.weight = None

    def forward(self, x: Tensor, other: torch.nn.Embedding | None = None) -> Tensor:
        return F.embedding(x, other.weight if self.weight is None else self.weight)


# Functions


ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "quick_gelu": quick_gelu,
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "swish": F.silu,
    "tanh": torch.tanh,
}


def activation(name: str) -> Any:
    return ACTIVATIONS[name]


# Loading


def load_weights(model: Model, source: str | Path, strict: bool = True) -> None:
    """Fills a model with the weights of a checkpoint of Transformers, and turns it to inference.

    Args:
        model: The model, of any dtype and on any device.
        source: A safetensors file, or a folder with one or several.
        strict: Whether it is an error if weights are missing, which are left as they are otherwise, or not expected.

    Raises:
        MissingWeights, UnexpectedWeights, ShapeMismatch: The checkpoint does not fit; the model is as it was.
    """
    with contextlib.ExitStack() as stack, torch.no_grad():
        files = [stack.enter_context(safe_open(path, "pt")) for path in weight_files(source)]
        owner = {key: file for file in files for key in file.keys()}  # noqa: SIM118
        weights = weights_of(model)
        stored = {key: file.get_slice(key).get_shape() for key, file in owner.items()}
        for name, key in matched(model, stored, {name: weight.shape for name, weight in weights.items()}, strict).items():
            weights[name].copy_(owner[key].get_tensor(key))
    model.eval()


def weights_of(model: torch.nn.Module) -> dict[str, Tensor]:
    """The weights by their names in checkpoints."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def weights_of_with_experts(model: torch.nn.Module) -> dict[str, Tensor]:
    """The weights by their names in checkpoints, where each expert has its own."""
    found: dict[str, Tensor] = {}
    for path, module in model.named_modules():
        for name, weight in module.named_parameters(recurse=False):
            if isinstance(module, Experts):
                found |= {f"{path}.{index}.{name}.weight": part for index, part in enumerate(weight)}
            else:
                found[f"{path}.{name}"] = weight
    return found


def linear_assignment(costs: Tensor, real: Tensor) -> Tensor:
    """The row of each column: (B, M, Q), (B, M) -> (B, Q); see `rows_of_columns`."""
    found = rows_of_columns(costs.detach().float().cpu().numpy(), real.cpu().numpy())
    return torch.from_numpy(found).to(costs.device)
