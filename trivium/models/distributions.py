"""The distributions that forecasts are: parameters made of a network's output, and how unlikely they find what came.

Salinas and others, arXiv:1704.04110. Letters: K values that are judged together.
"""

import math

from . import nn, ops


class Normal:
    """A mean and a deviation."""

    count = 2

    @staticmethod
    def domain(mean, deviation):
        return mean, positive(deviation)

    @staticmethod
    def unlikeliness(value, mean, deviation):
        return ((value - mean) / deviation) ** 2 / 2 + ops.log(deviation) + math.log(2 * math.pi) / 2


class StudentT:
    """Degrees of freedom, of which there are more than two, a mean, and a scale."""

    count = 3

    @staticmethod
    def domain(freedom, mean, scale):
        return 2 + squareplus(freedom), mean, positive(scale)

    @staticmethod
    def unlikeliness(value, freedom, mean, scale):
        gammas = ops.lgamma(freedom / 2) - ops.lgamma((freedom + 1) / 2)
        constant = ops.log(scale) + ops.log(freedom * math.pi) / 2 + gammas
        return constant + (freedom + 1) / 2 * ops.log(1 + ((value - mean) / scale) ** 2 / freedom)


class NegativeBinomial:
    """A number of failures, and the logit of a success; values are counts of successes."""

    count = 2

    @staticmethod
    def domain(failures, logit):
        return squareplus(failures), logit

    @staticmethod
    def unlikeliness(value, failures, logit):
        gammas = ops.lgamma(failures) + ops.lgamma(1 + value) - ops.lgamma(failures + value)
        return gammas + failures * ops.softplus(logit) + value * ops.softplus(-logit)


KINDS = {"normal": Normal, "student_t": StudentT, "negative_binomial": NegativeBinomial}


def squareplus(x):
    """A positive number for each number. Source: Barron, arXiv:2112.11687."""
    return (x + ops.sqrt(x * x + 4.0)) / 2


def positive(x):
    return ops.maximum(squareplus(x), 2.0**-23)  # what float32 tells from zero beside one


class Parameters(nn.Module):
    """Of an output (..., D) the parameters of a distribution of K values, a tuple of (..., K); K = 1 has no axis."""

    def __init__(self, kind, inputs, outputs):
        super().__init__()
        self.proj = nn.Layers(nn.Linear(inputs, outputs) for _ in range(KINDS[kind].count))
        self.kind, self.single = kind, outputs == 1

    def forward(self, x):
        found = KINDS[self.kind].domain(*(layer(x) for layer in self.proj))
        return tuple(y[..., 0] for y in found) if self.single else found


def loss(kind, parameters, value, together, location=None, scale=None):
    """How unlikely values are: the mean of -log of their density, or of the sum over the last axis if they go `together`.

    Args:
        kind: A name in KINDS.
        parameters: Of shapes that go with `value`'s.
        value: What came.
        together: Whether the values along the last axis are one event.
        location, scale: What the distribution is shifted and stretched by; a count's is only stretched.
    """
    if kind == "negative_binomial":
        failures, logit = parameters
        found = NegativeBinomial.unlikeliness(value, failures, logit if scale is None else logit + ops.log(scale))
    elif scale is None:
        found = KINDS[kind].unlikeliness(value, *parameters)
    else:
        found = KINDS[kind].unlikeliness((value - location) / scale, *parameters) + ops.log(scale)
    mean = ops.mean(ops.reshape(found, (-1,)), 0)
    return mean * ops.shape(found)[-1] if together else mean
