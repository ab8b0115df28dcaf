"""From logits to scores and labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.core.errors import InputError


def softmax(logits: np.ndarray) -> np.ndarray:
    """Chances along the last axis."""
    powers = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Chances, each by itself."""
    return 1 / (1 + np.exp(-logits))


FUNCTIONS = {"softmax": softmax, "sigmoid": sigmoid, "none": lambda logits: logits}
"""The functions that `function_to_apply` may name."""


def of_labels(logits: np.ndarray, config: Any, function_to_apply: str | None = None) -> np.ndarray:
    """The scores (L,) of labels: by a function of `FUNCTIONS`, or by the one that the config's problem type asks for."""
    name = function_to_apply
    if name is None:
        name = "softmax"
        if config.problem_type == "regression":
            name = "none"
        elif config.problem_type == "multi_label_classification" or config.num_labels == 1:
            name = "sigmoid"
    if str(name).lower() not in FUNCTIONS:
        raise InputError(f"function_to_apply = {name!r} is none of: {', '.join(FUNCTIONS)}", key="function_to_apply")
    return FUNCTIONS[str(name).lower()](logits)


def ranked(scores: np.ndarray, config: Any, top_k: int | None = None) -> list[dict[str, Any]]:
    """The labels with the highest scores, the highest first; all if `top_k` is None."""
    order = np.argsort(-scores, kind="stable")[:top_k]
    return [{"label": config.id2label[int(i)], "score": float(scores[i])} for i in order]
