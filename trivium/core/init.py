"""First values of weights, drawn by NumPy from a seed and the weight's name: the same in every framework."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Init:
    """How the first values of a weight are drawn."""

    given: ClassVar[bool] = False
    """Whether they are the architecture's own: not trained, so that a checkpoint may do without them."""

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        """float32 values of the given shape."""
        raise TypeError(f"{type(self).__name__} draws nothing; use one of its subclasses")


@dataclass(frozen=True)
class Constant(Init):
    """The same value everywhere."""

    value: float

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        return np.full(shape, self.value, np.float32)


ZEROS, ONES = Constant(0.0), Constant(1.0)


@dataclass(frozen=True)
class Normal(Init):
    """A normal distribution around zero."""

    std: float

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        values = generator.standard_normal(shape, np.float32)
        values *= np.float32(self.std)
        return values


@dataclass(frozen=True)
class FanOutNormal(Init):
    """A normal distribution that keeps the size of gradients through a convolution (o, i, h, w) and a ReLU.

    Source: He and others, arXiv:1502.01852, equation 14.
    """

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        fan_out = shape[0] * int(np.prod(shape[2:], dtype=np.int64))
        return Normal((2 / fan_out) ** 0.5).draw(shape, generator)


@dataclass(frozen=True)
class TruncatedNormal(Init):
    """A normal distribution around zero without the values beyond `bound`.

    The bound is a number and not a multiple of `std`: `torch.nn.init.trunc_normal_`, by which the published schemes are
    defined, cuts at -2 and 2 whatever the standard deviation.
    """

    std: float
    bound: float = 2.0

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        values = generator.standard_normal(shape, np.float32)
        values *= np.float32(self.std)
        while (outside := np.abs(values) > self.bound).any():
            values[outside] = generator.standard_normal(int(outside.sum()), np.float32) * np.float32(self.std)
        return values


@dataclass(frozen=True)
class Sinusoids(Init):
    """Row p holds sin(p / 10000^(2 i / D)) at 2 i and its cosine at 2 i + 1. Source: arXiv:1706.03762, section 3.5."""

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        positions, width = shape
        angles = np.arange(positions)[:, None] / 10000 ** (np.arange(width) // 2 * 2 / width)
        return np.where(np.arange(width) % 2, np.cos(angles), np.sin(angles)).astype(np.float32)


@dataclass(frozen=True)
class CentredSinusoids(Init):
    """Sinusoids with a mean of 0 and a deviation of 0.1 in all. Source: Nie and others, arXiv:2211.14730."""

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        values = Sinusoids().draw(shape, generator)
        return (values - values.mean()) / (10 * values.std(ddof=1))


@dataclass(frozen=True)
class Uniform(Init):
    """A uniform distribution between two numbers."""

    low: float
    high: float

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        return np.float32(self.low) + generator.random(shape, np.float32) * np.float32(self.high - self.low)


@dataclass(frozen=True)
class FanInUniform(Init):
    """A uniform distribution within `scale` over the root of the number of inputs, of (o, i, *kernel).

    Source: PyTorch's own first values of Linear and of convolutions.
    """

    scale: float = 1.0

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        bound = self.scale * int(np.prod(shape[1:], dtype=np.int64)) ** -0.5
        return Uniform(-bound, bound).draw(shape, generator)


def fan_in_bias(inputs: int) -> Uniform:
    """How PyTorch draws the bias of a layer each of whose outputs is of so many numbers."""
    return Uniform(-(inputs**-0.5), inputs**-0.5)


@dataclass(frozen=True)
class LogPlaces(Init):
    """log(1), log(2), ..., log(S) in each row of (C, S). Source: Gu and others, S4D-Real, arXiv:2206.11893."""

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        return np.broadcast_to(np.log(np.arange(1, shape[-1] + 1)), shape).astype(np.float32)


@dataclass(frozen=True)
class TimeSteps(Init):
    """What softplus makes steps in time of, whose logarithm is uniform between `low` and `high`, and none below `floor`.

    Source: Gu and Dao, arXiv:2312.00752, section 3.6.
    """

    low: float
    high: float
    floor: float

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        steps = self.low * (self.high / self.low) ** generator.random(shape, np.float32)
        return np.log(np.expm1(np.maximum(steps, np.float32(self.floor))))


@dataclass(frozen=True)
class Decays(Init):
    """What softplus makes -log(a) of, for decays a whose squares are uniform between those of `low` and `high`.

    Source: De and others, Griffin, arXiv:2402.19427, section 2.4.
    """

    low: float
    high: float

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        squares = Uniform(self.low**2, self.high**2).draw(shape, generator)
        return np.log(np.expm1(-np.log(squares) / 2))


@dataclass(frozen=True)
class Glorot(Init):
    """A uniform distribution whose variance is two over the number of inputs and outputs, (o, i, *kernel) both with the kernel.

    With `flat` the outputs are without it: a convolution over patches, each seen once, is a linear layer.
    Source: Glorot and Bengio, AISTATS 2010, equation 16.
    """

    flat: bool = False

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        kernel = int(np.prod(shape[2:]))
        bound = np.float32(np.sqrt(6 / (shape[0] * (1 if self.flat else kernel) + shape[1] * kernel)))
        return (2 * generator.random(shape, np.float32) - 1) * bound


GLOROT = Glorot()


@dataclass(frozen=True)
class SinesThenCosines(Init):
    """A row for each position p: sin(p w) for each of D / 2 frequencies w = 10000^(-2i / D), then the cosines.

    With `to_the_end` the last frequency is 1 / 10000, as in tensor2tensor.
    Source: Vaswani and others, arXiv:1706.03762, section 3.5, sines and cosines apart.
    """

    to_the_end: bool = False

    given: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        positions, width = shape
        places = 2 * np.arange((width + 1) // 2) / (width - 2 if self.to_the_end else width)
        angles = np.arange(positions)[:, None] / 10000**places
        return np.concatenate([np.sin(angles), np.cos(angles[:, : width // 2])], 1).astype(np.float32)


@dataclass(frozen=True)
class GridSinusoids(Init):
    """Sines and cosines of the places in a square grid, (1, 1 + places, D): half of D for each axis; zeros for the first token.

    Source: the code of arXiv:2111.06377, get_2d_sincos_pos_embed.
    """

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        _, tokens, width = shape
        side = round((tokens - 1) ** 0.5)
        waves = np.arange(side)[:, None] / 10000 ** (np.arange(width // 4) / (width // 4))
        axis = np.concatenate([np.sin(waves), np.cos(waves)], 1)  # (side, D / 2)
        rows, columns = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
        places = np.concatenate([axis[columns.ravel()], axis[rows.ravel()]], 1)
        return np.concatenate([np.zeros((1, width)), places])[None].astype(np.float32)


def draw(name: str, shape: tuple[int, ...], init: Init, seed: int) -> np.ndarray:
    """The first values of the weight `name`, float32. They depend on its name, its shape and the seed alone."""
    key = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:16], "little")
    return init.draw(shape, np.random.Generator(np.random.Philox(key=key)))
