"""How Transformers 4's Flax classes were called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from trivium.backends.flax.nn import BatchNorm
from trivium.core.familiar import without_head_masks


class Twin:
    """A network of `trivium.flax` that is also called, loaded and saved as the Flax classes of Transformers 4 were.

    - `model(input_ids, ..., params=params, dropout_rng=key, train=True)` is a pure function of `params`, a nested dict which
      `model.params` has and `model.params = ...` replaces; without `params` the model's own are used.
    - Where there is batch normalisation, `params` are {"params": the weights, "batch_stats": the running statistics}, and with
      `train=True` a call returns the output and {"batch_stats": the new ones}, whose variances are over n, as Flax's are.
    - `from_pretrained(..., _do_init=False)` returns the model and its parameters.
    - `generate` returns an output with `sequences`, and takes `params` and `prng_key`.
    - `save_pretrained(directory, params=params)` writes flax_model.msgpack.

    What differs from Transformers 4: docs/migration.md.

    Args:
        config: The architecture's config.
        input_shape: Not needed; accepted.
        seed: Of the first values.
        dtype: Of the weights and of the computation.
        _do_init: Whether to draw first values; without, the weights are abstract.
    """

    def __init__(
        self,
        config: Any,
        input_shape: Any = None,
        seed: int | None = 0,
        dtype: Any = "float32",
        _do_init: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(config, dtype=dtype, seed=seed if _do_init else None, **options)  # type: ignore[call-arg]
        for _, part in nnx.iter_modules(self):  # type: ignore[arg-type]
            if isinstance(part, BatchNorm):
                part.biased = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("encode", "get_text_features", "get_image_features"):
            if hasattr(cls, name):
                setattr(cls, name, _pure(name, getattr(cls, name)))
        if hasattr(cls, "encode") and not hasattr(cls, "decode"):
            cls.decode = _decode  # type: ignore[attr-defined]

    @classmethod
    def from_pretrained(cls, source: str | Path, *arguments: Any, _do_init: bool = True, **options: Any) -> Any:
        """As `trivium.flax`'s; without `_do_init` the model and its parameters."""
        model = super().from_pretrained(source, *arguments, **options)  # type: ignore[misc]
        return model if _do_init else (model, model.params)

    @property
    def params(self) -> dict[str, Any]:
        """The weights, and where there are any the running statistics."""
        stats, params = self.batch_stats, super().params  # type: ignore[attr-defined, misc]
        return {"params": params, "batch_stats": stats} if stats else params

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "params":
            value, stats = _parts(value)
            if stats:
                self.batch_stats = stats
        super().__setattr__(name, value)

    def with_params(self, params: dict[str, Any]) -> Any:
        """As `trivium.flax`'s, with `params` as they are here."""
        params, stats = _parts(params)
        model = super().with_params(params)  # type: ignore[misc]
        if stats:
            model.batch_stats = stats
        return model

    def __call__(
        self,
        *inputs: Any,
        params: Any = None,
        dropout_rng: Any = None,
        train: bool = False,
        return_dict: bool | None = None,
        **options: Any,
    ) -> Any:
        options = without_head_masks(options)
        if params is None and not train:
            out = super().__call__(*inputs, **options)  # type: ignore[misc]
        else:
            params = self.params if params is None else params
            mutable = ("batch_stats",) if train and self.batch_stats else ()
            out = self.apply(params, *inputs, train=train, rngs=dropout_rng, mutable=mutable, **options)  # type: ignore[attr-defined]
            if mutable:
                out, changed = out
                return (out.to_tuple() if return_dict is False else out), changed
        return out.to_tuple() if return_dict is False else out

    def generate(self, *inputs: Any, params: Any = None, prng_key: Any = None, **options: Any) -> Any:
        """As `trivium.flax`'s, with all of the output; `prng_key` is what sampling draws from."""
        if prng_key is not None:
            options["seed"] = int(jax.random.bits(prng_key, dtype=jnp.uint32))
        model = self if params is None else self.with_params(params)  # type: ignore[attr-defined]
        return super(Twin, model).generate(*inputs, **{"return_dict_in_generate": True, **options})  # type: ignore[misc]

    def save_pretrained(
        self, directory: str | Path, params: Any = None, *, safe_serialization: bool = False, **options: Any
    ) -> None:
        """As `trivium.flax`'s, in the format that Transformers 4 wrote here, with `params` instead of the model's own."""
        options.setdefault("format", "safetensors" if safe_serialization else "flax")
        model = self if params is None else self.with_params(params)  # type: ignore[attr-defined]
        super(Twin, model).save_pretrained(directory, **options)  # type: ignore[misc]

    def init_weights(self, rng: Any, input_shape: Any = None, params: Any = None) -> Any:
        """First values after the architecture's scheme, as parameters; those of `params` are kept."""
        fresh = type(self)(self.config, seed=int(jax.random.bits(rng, dtype=jnp.uint32)))  # type: ignore[attr-defined]
        return fresh.params if params is None else {**fresh.params, **params}

    @property
    def params_shape_tree(self) -> Any:
        """`params` with the shape and dtype of each weight in its place."""
        return jax.tree.map(lambda weight: jax.ShapeDtypeStruct(weight.shape, weight.dtype), self.params)

    @property
    def required_params(self) -> set[tuple[str, ...]]:
        """The path of each weight in `params`."""
        leaves = jax.tree.leaves_with_path(self.params_shape_tree)
        return {tuple(part.key for part in path) for path, _ in leaves}

    def to_bf16(self, params: Any, mask: Any = None) -> Any:
        """Parameters in bfloat16, in which layers then compute; `mask` says which, as a tree of booleans."""
        return _cast(params, jnp.bfloat16, mask)

    def to_fp16(self, params: Any, mask: Any = None) -> Any:
        """Parameters in float16."""
        return _cast(params, jnp.float16, mask)

    def to_fp32(self, params: Any, mask: Any = None) -> Any:
        """Parameters in float32."""
        return _cast(params, jnp.float32, mask)


def _parts(params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The weights, and the running statistics if there are any."""
    return (params["params"], params["batch_stats"]) if set(params) == {"params", "batch_stats"} else (params, {})


def _pure(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that may be given `params`, and `train` with `dropout_rng`."""

    @functools.wraps(method)
    def call(self: Any, *inputs: Any, params: Any = None, dropout_rng: Any = None, train: bool = False, **options: Any) -> Any:
        if params is None and not train:
            return method(self, *inputs, **options)
        params = self.params if params is None else params
        return self.apply(params, *inputs, train=train, rngs=dropout_rng, method=name, **options)

    return call


def _decode(
    self: Any,
    decoder_input_ids: Any,
    encoder_outputs: Any,
    encoder_attention_mask: Any = None,
    decoder_attention_mask: Any = None,
    **options: Any,
) -> Any:
    """What the network returns for what `encode` returned."""
    given = {"attention_mask": encoder_attention_mask, "decoder_attention_mask": decoder_attention_mask}
    given = {name: value for name, value in given.items() if value is not None}
    return self(decoder_input_ids=decoder_input_ids, encoder_outputs=encoder_outputs, **given, **options)


def _cast(params: Any, dtype: Any, mask: Any) -> Any:
    def cast(value: Any, chosen: bool) -> Any:
        return value.astype(dtype) if chosen and jnp.issubdtype(value.dtype, jnp.floating) else value

    return jax.tree.map(cast, params, jax.tree.map(lambda _: True, params) if mask is None else mask)
