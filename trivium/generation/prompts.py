"""Prompts as arrays: read from whatever the caller has, turned to the left, and sized so that programs are kept.

Letters: B batch, T tokens, P columns of a bucket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.core.errors import InputError


@dataclass(frozen=True)
class Prompts:
    """Prompts of B texts.

    Attributes:
        given: (B, T) as the caller had them, which is what the continuation is appended to.
        ids: (B, longest), each text at the end of its row.
        offset: (B,), the columns before each text.
    """

    given: np.ndarray
    ids: np.ndarray
    offset: np.ndarray

    @property
    def length(self) -> int:
        """The columns of the longest."""
        return self.ids.shape[1]


def read(ids: Any, mask: Any, pad: int | None, eos: tuple[int, ...], array: Callable[[Any], np.ndarray]) -> Prompts:
    """Prompts from ids (B, T), or a list of B lists, and a mask (B, T) that is 0 at padding, on whichever side.

    Without a mask, the padding token is padding unless it also ends texts; as in Transformers.

    Raises:
        InputError: They have no such shape, or a text is empty.
    """
    if isinstance(ids, Sequence) and ids and isinstance(ids[0], Sequence) and len({len(row) for row in ids}) > 1:
        if mask is not None:
            raise InputError("lists of different lengths need no attention_mask", key="attention_mask")
        longest = max(map(len, ids))
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in ids]
        ids = [[*row, *[pad or 0] * (longest - len(row))] for row in ids]
    given = array(ids)
    if given.ndim != 2 or given.dtype.kind not in "iu":
        raise InputError(f"token ids are integers (B, T), not {given.dtype} {given.shape}", key="inputs")
    seen = given != pad if mask is None and pad is not None and pad not in eos else np.ones(given.shape, bool)
    if mask is not None:
        seen = array(mask).astype(bool)
        if seen.shape != given.shape:
            raise InputError(f"attention_mask is {seen.shape}, the tokens are {given.shape}", key="attention_mask")
    counts = seen.sum(1)
    if not counts.all():
        raise InputError("a prompt has no token that the mask shows", key="attention_mask")
    longest = int(counts.max())
    turned = np.full((len(given), longest), pad or 0, np.int32)
    for row, (tokens, shown) in enumerate(zip(given, seen, strict=True)):
        turned[row, longest - counts[row] :] = tokens[shown]
    return Prompts(given, turned, (longest - counts).astype(np.int32))


def bucket(size: int, least: int = 16) -> int:
    """The next of 16, 24, 32, 48, 64, 96, ...: at most half more than is needed, and few sizes."""
    power = least
    while power < size:
        power *= 2
    return power * 3 // 4 if size <= power * 3 // 4 and power > least else power


def widened(x: np.ndarray, rows: int, columns: int | None = None, fill: int = 0) -> np.ndarray:
    """An array with the first row repeated up to so many rows, and columns filled up to so many."""
    x = np.concatenate([x, np.repeat(x[:1], rows - len(x), 0)])
    if columns is None or columns == x.shape[1]:
        return x
    return np.pad(x, [(0, 0), (0, columns - x.shape[1])], constant_values=fill)
