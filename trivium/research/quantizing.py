"""What quantisation does to a model's answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from trivium.core.quantization import QuantizationReport, Scheme, quantize_model
from trivium.pipelines.running import Runner


def measured(model: Any, scheme: Scheme, inputs: Mapping[str, Any]) -> QuantizationReport:
    """Quantises a model, and compares its answers to `inputs` with those from before; for the arguments see there.

    `change` of the report has, of logits (..., V): "kl", the mean Kullback-Leibler divergence of the answers after from those
    before, in nats, and "agreement", how often the likeliest is the same; of a decoder of text besides "perplexity_before" and
    "perplexity_after" of the inputs. Of other outputs, "cosine", the mean cosine of an output's last axis with itself. What
    `attention_mask` hides does not count.
    """
    before = answers(model, inputs)
    report = quantize_model(model, scheme)
    return replace(report, change=difference(before, answers(model, inputs), inputs, hasattr(model, "unembed")))


def answers(model: Any, inputs: Mapping[str, Any]) -> tuple[str, np.ndarray]:
    """The name and values of the main output: logits, where there are any, or the first."""
    out = Runner(model, compiled=False)(inputs)
    names = list(out.keys())
    name = next((name for name in names if name.startswith("logits")), names[0])
    return name, np.asarray(out[name], np.float64)


def difference(
    before: tuple[str, np.ndarray], after: tuple[str, np.ndarray], inputs: Mapping[str, Any], writes: bool
) -> dict[str, float]:
    """How answers changed; see `measured`."""
    (name, one), (_, other) = before, after
    seen = np.ones(one.shape[:-1], bool)
    mask = inputs.get("attention_mask")
    if mask is not None and np.shape(mask) == seen.shape:
        seen = np.asarray(mask).astype(bool)
    if not name.startswith("logits"):
        lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
        return {"cosine": float((np.sum(one * other, -1) / np.maximum(lengths, 1e-30))[seen].mean())}
    first, second = log_softmax(one), log_softmax(other)
    found = {
        "kl": float(np.sum(np.exp(first) * (first - second), -1)[seen].mean()),
        "agreement": float((one.argmax(-1) == other.argmax(-1))[seen].mean()),
    }
    ids = inputs.get("input_ids")
    if writes and ids is not None and np.shape(ids) == one.shape[:2]:
        found |= {"perplexity_before": perplexity(first, ids, seen), "perplexity_after": perplexity(second, ids, seen)}
    return found


def perplexity(chances: np.ndarray, ids: Any, seen: np.ndarray) -> float:
    """Of texts (B, T) under the logarithms (B, T, V) of the chances of what follows each token."""
    said = np.take_along_axis(chances[:, :-1], np.asarray(ids)[:, 1:, None].astype(np.int64), -1)[..., 0]
    return float(np.exp(-said[seen[:, 1:]].mean()))


def log_softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))
