"""Products of few rows as sums, to be compiled: PyTorch's compiler makes one loop of them, which reads a weight once."""

from __future__ import annotations

import torch

_PART = 512
"""Inputs that a program of any size sums at once: beyond 4096 its sums would be cascades, which take five times as long."""


def in_parts(rows: torch.Tensor) -> torch.Tensor:
    """Rows of a matrix (N, I), each in parts of as many inputs: (N, P, I / P)."""
    return rows.unflatten(1, (-1, _part(rows.shape[1])))


def _part(inputs: int) -> int:
    return next((size for size in range(_PART, 15, -16) if inputs % size == 0), inputs)


def sum_of_products(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x (R, I) times a weight (O, I): (R, O), in x's dtype, summed in float32; for programs whose sizes are known.

    Each row of the weight meets all of x while it is at hand.
    """
    return _given((weight[:, None].float() * x.float()).sum(-1), x)


def sum_of_parts(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """As `sum_of_products`, of x (R, P, I) and a weight (O, P, I) in parts; for programs of any size."""
    return _given((weight[:, None].float() * x.float()).sum(-1).sum(-1), x)


def _given(found: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return found.T.contiguous().to(x.dtype)  # one state after another, as attention's quick kernels want them
