"""The frequencies of rotary positions, and how checkpoints stretch them to texts longer than those of pretraining.

Sources: Su and others, arXiv:2104.09864; for the scalings modeling_rope_utils.py of Transformers 4.52, which the fields of
`rope_scaling` are named after, and where stated a paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import ConfigError


def frequencies(c: Any, width: int) -> tuple[tuple[float, ...], float]:
    """The radians by which each of `width` / 2 pairs turns per position, and what cosine and sine are multiplied by."""
    plain = float(c.rope_theta) ** (-np.arange(0, width, 2) / width)
    scaled, amplitude = _SCALINGS[kind(c)][0](plain, c, c.rope_scaling or {})
    return tuple(scaled.astype(np.float32).tolist()), amplitude


def growth(c: Any, width: int) -> tuple[tuple[float, ...], float] | None:
    """Where frequencies shrink with the length of the text ("dynamic"): each one's exponent of the growth, and `factor`.

    For a text of n tokens, more than `max_position_embeddings` m, a frequency is multiplied by
    (factor n / m - (factor - 1)) ** exponent.
    """
    if kind(c) != "dynamic":
        return None
    return tuple((-np.arange(0, width, 2) / (width - 2)).tolist()), float(c.rope_scaling["factor"])


def kind(c: Any) -> str:
    """The name of the scaling of a config; "default" for none."""
    return _kind_of(c.rope_scaling or {})


def _kind_of(scaling: Mapping[str, Any]) -> str:
    return scaling.get("rope_type", scaling.get("type", "default"))


def in_fields(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A config.json's values with Transformers 5's `rope_parameters` in the fields that Transformers 4 has for them.

    Raises:
        ConfigError: They are of several kinds of layers.
    """
    parameters = dict(values.get("rope_parameters") or {})
    if not parameters:
        return values
    if any(isinstance(value, dict) for value in parameters.values()):
        kinds = ", ".join(sorted(parameters))
        raise ConfigError(f"rope_parameters of several kinds of layers are not supported: {kinds}", key="rope_parameters")
    found = {key: value for key, value in values.items() if key != "rope_parameters"}
    found |= {key: parameters.pop(key) for key in ("rope_theta", "partial_rotary_factor") if key in parameters}
    return found | {"rope_scaling": parameters if _kind_of(parameters) != "default" else None}


def check(c: Any) -> None:
    """Raises ConfigError where `rope_scaling` is not supported or lacks a number."""
    if kind(c) not in _SCALINGS:
        raise c.error("rope_scaling", f"has rope_type {kind(c)!r}, which is not supported (supported: {', '.join(_SCALINGS)})")
    for name in _SCALINGS[kind(c)][1]:
        if not isinstance((c.rope_scaling or {}).get(name), int | float):
            raise c.error("rope_scaling", f"has rope_type {kind(c)!r}, but not the number {name!r}")


def _default(plain: np.ndarray, c: Any, scaling: dict[str, Any]) -> tuple[np.ndarray, float]:
    return plain, 1.0


def _linear(plain: np.ndarray, c: Any, scaling: dict[str, Any]) -> tuple[np.ndarray, float]:
    """Positions divided by a factor. Chen and others, arXiv:2306.15595."""
    return plain / scaling["factor"], 1.0


def _llama3(plain: np.ndarray, c: Any, scaling: dict[str, Any]) -> tuple[np.ndarray, float]:
    """Long waves divided by a factor, short ones not, and those between in part. Dubey and others, arXiv:2407.21783."""
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = scaling["original_max_position_embeddings"] * plain / (2 * math.pi)
    kept = np.clip((turns - low) / (high - low), 0, 1)
    return plain * (kept + (1 - kept) / scaling["factor"]), 1.0


def _yarn(plain: np.ndarray, c: Any, scaling: dict[str, Any]) -> tuple[np.ndarray, float]:
    """The same with a ramp over the index of the pair, and larger products. Peng and others, arXiv:2309.00071."""
    longest = scaling.get("original_max_position_embeddings") or c.max_position_embeddings
    # with the original length given, the factor that counts is the ratio of the lengths, whatever `factor` says
    stretched = "original_max_position_embeddings" in scaling
    factor = c.max_position_embeddings / longest if stretched else scaling["factor"]
    width = 2 * len(plain)

    def index_of(turns: float) -> float:
        """The (fractional) pair that turns so often over the original length."""
        return width * math.log(longest / (turns * 2 * math.pi)) / (2 * math.log(c.rope_theta))

    first = max(math.floor(index_of(scaling.get("beta_fast") or 32)), 0)
    last = min(math.ceil(index_of(scaling.get("beta_slow") or 1)), width - 1)
    shrunk = np.clip((np.arange(len(plain)) - first) / (last - first or 0.001), 0, 1)
    return plain * (shrunk / factor + (1 - shrunk)), _amplitude(factor, scaling)


def _amplitude(factor: float, scaling: dict[str, Any]) -> float:
    def of(weight: float) -> float:
        return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0

    if scaling.get("attention_factor") is not None:
        return float(scaling["attention_factor"])
    if scaling.get("mscale") and scaling.get("mscale_all_dim"):
        return of(scaling["mscale"]) / of(scaling["mscale_all_dim"])
    return of(1.0)


_SCALINGS = {
    "default": (_default, ()),
    "linear": (_linear, ("factor",)),
    "dynamic": (_default, ("factor",)),  # see `growth`
    "llama3": (_llama3, ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")),
    "yarn": (_yarn, ("factor",)),
}
"""rope_type -> how it scales, and the numbers that `rope_scaling` must have for it."""
