"""Products of few rows as sums, to be compiled: PyTorch's compiler makes one loop of them, which reads a weight once."""

from __future__ import annotations

import torch

_PART = 512
"""Inputs that are summed at once: beyond 4096 the compiler's sums are cascades, which take five times as long."""


def in_parts(rows: torch.Tensor) -> torch.Tensor:
    """Rows of a matrix (N, I), each in parts of as many inputs: (N, P, I / P)."""
    return rows.unflatten(1, (-1, _part(rows.shape[1])))


def _part(inputs: int) -> int:
    return next((size for size in range(_PART, 15, -16) if inputs % size == 0), inputs)


def sum_of_products(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x (R, I) times a weight (O, I): (R, O), in x's dtype."""
    return sum_of_parts(in_parts(x), in_parts(weight))


def sum_of_parts(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x (R, P, I) times a weight (O, P, I), summed over both: (R, O), in x's dtype.

    The sum is in float32; each row of the weight meets all of x while it is at hand.
    """
    found = (weight[:, None].float() * x.float()).sum(-1).sum(-1)
    return found.T.contiguous().to(x.dtype)  # attention wants its states one after another
