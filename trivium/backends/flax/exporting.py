"""Programs with their weights as files of `jax.export`: StableHLO, serialised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import export

from trivium.convert.writing import replacing
from trivium.export.leaves import named


def forward(model: Any, path: Path) -> None:
    """Writes the model's forward, a function of a dict, of any batch size and length."""
    model = for_inference(model)

    def run(inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
        return named(model(**inputs))

    batch, length, other = export.symbolic_shape("batch, length, other")

    def sizes(name: str, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        free = (batch, other if name.startswith("decoder") else length)
        return tuple(free[min(axis, 1)] if size is None else size for axis, size in enumerate(shape))

    inputs = {
        name: jax.ShapeDtypeStruct(sizes(name, shape), jnp.dtype(dtype))
        for name, (shape, dtype) in model.input_shapes().items()
    }
    _write(run, path, inputs)


def for_inference(model: Any) -> Any:
    """The same weights in a model that drops nothing out."""
    model = nnx.merge(*nnx.split(model))
    model.eval()
    return model


def generation(model: Any, path: Path, run: Callable[..., Any], shape: tuple[int, int]) -> None:
    """Writes a program of generation."""
    ids = jax.ShapeDtypeStruct(shape, jnp.int32)
    _write(run, path, ids, ids)


def _write(run: Callable[..., Any], path: Path, *specs: Any) -> None:
    data = export.export(jax.jit(run))(*specs).serialize()
    with replacing(path) as file:
        file.write(data)
