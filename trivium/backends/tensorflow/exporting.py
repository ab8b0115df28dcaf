"""Programs with their weights as SavedModels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trivium.convert.writing import assembling
from trivium.export.leaves import named


def forward(model: Any, path: Path) -> None:
    """Writes the model's forward as the endpoint "serve", of any batch size and length."""
    specs = {name: tf.TensorSpec(shape, dtype, name) for name, (shape, dtype) in model.input_shapes().items()}
    _write(model, path, "serve", lambda inputs: named(model(inputs, training=False)), [specs])


def for_inference(model: Any) -> Any:
    """The model, which drops nothing out unless it is called to train."""
    return model


def generation(model: Any, path: Path, run: Callable[..., Any], shape: tuple[int, int]) -> None:
    """Writes a program of generation as the endpoint "generate"."""
    specs = [tf.TensorSpec(shape, tf.int32, name) for name in ("input_ids", "attention_mask")]
    _write(model, path, "generate", tf.function(run, autograph=False, input_signature=specs), None)


def _write(model: Any, path: Path, name: str, run: Callable[..., Any], signature: Any) -> None:
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(name, run, signature)
    with assembling(path, ("saved_model.pb",), lambda _: False) as directory:
        archive.write_out(str(directory), verbose=False)
