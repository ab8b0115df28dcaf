"""The activation functions that configs name, and the op of the contract that each one is."""

from __future__ import annotations

OPS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
"""Name in a config -> function of `ops`. Source: ACT2FN of Transformers 4.52."""

NAMES = frozenset(OPS)
