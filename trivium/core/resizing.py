"""Another number of tokens: the weights whose shape the vocabulary sets become longer or shorter, in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ConfigError, InputError
from .init import draw
from .layout import Weight, layout
from .loading import dtype_name
from .pretrained import Lazy


def resize(model: Any, count: int | None, multiple: int | None, mean: bool, seed: int) -> None:
    """Gives a model's vocabulary another size; see `Pretrained.resize_token_embeddings`.

    The model is built anew with the other config, its weights are handed over, and it takes the new one's place.
    """
    part = _vocabulary(model)
    old = model.config.vocab_size if part is None else getattr(model.config, part).vocab_size
    size = old if count is None else count
    if multiple:
        size = -(-size // multiple) * multiple
    if size < 1:
        raise InputError(f"new_num_tokens = {size} leaves no token", key="new_num_tokens")
    if size == old:
        return
    config = _with_size(model.config, part, size)
    held = {weight.name: read for weight, read in model.read_weights()}
    wanted = layout(model.unbound(), config).weights
    if all(weight.shape == model.layout.weights[name].shape for name, weight in wanted.items()):
        raise _none(model)
    fresh = type(model)(config, dtype=dtype_name(model.like().dtype), seed=None)

    def value(name: str) -> np.ndarray:
        found = held[name]()
        return found if found.shape == wanted[name].shape else _fitted(found, name, wanted[name], mean, seed)

    fresh.assign_weights(Lazy(value, list(wanted)), own=True)
    model._become(fresh)


def _vocabulary(model: Any) -> str | None:
    """Which part of a model's config says how many tokens there are; None for itself."""
    config = model.config
    if "vocab_size" in vars(config) and model.get_body().input_embedding:
        return None
    text = vars(config).get("text_config")
    if text is not None and "vocab_size" in vars(text):
        return "text_config"
    raise _none(model)


def _none(model: Any) -> ConfigError:
    pair = {"encoder", "decoder"} <= set(vars(model.config))
    hint = "resize its encoder and its decoder, and make the pair of them" if pair else "it embeds no tokens"
    return ConfigError(f"{type(model).__name__} has no vocabulary that can be resized", key="vocab_size", hint=hint)


def _with_size(config: Any, part: str | None, size: int) -> Any:
    if part is not None:
        return config.replace(**{part: getattr(config, part).replace(vocab_size=size).to_dict()})
    both = ["vocab_size", *(name for name in ("decoder_vocab_size",) if getattr(config, name, None) is not None)]
    return config.replace(**dict.fromkeys(both, size))


def _fitted(value: np.ndarray, name: str, weight: Weight, mean: bool, seed: int) -> np.ndarray:
    """The values of a weight along the one axis of another length: cut, or with new ones at the end."""
    (axis,) = (axis for axis, (new, old) in enumerate(zip(weight.shape, value.shape, strict=True)) if new != old)
    size, old = weight.shape[axis], value.shape[axis]
    if size < old:
        return np.take(value, range(size), axis)
    if mean:
        average = value.astype(np.float64).mean(axis, keepdims=True)
        new = np.repeat(average, size - old, axis)
    else:
        new = np.take(draw(name, weight.shape, weight.init, seed), range(old, size), axis)
    return np.concatenate([value, new.astype(value.dtype)], axis)
