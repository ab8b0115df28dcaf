"""Models as files that run without Trivium: a framework's own format of programs with their weights.

| format | of | holds | is read by |
|---|---|---|---|
| saved_model | TensorFlow | forward ("serve"), or generation ("generate") | `tf.saved_model.load` |
| torch_export | PyTorch | forward | `torch.export.load` |
| stablehlo | JAX | forward, or generation | `jax.export.deserialize` |
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from trivium.core.errors import ConfigError, InputError
from trivium.pipelines.running import backend_of

FORMATS = {"saved_model": "tensorflow", "torch_export": "torch", "stablehlo": "flax"}


def export(model: Any, path: str | Path, format: str | None = None) -> None:
    """Writes a model's forward, for inference: a dict of inputs in, a dict of outputs out ("hidden_states_0", ... for tuples).

    Batch size and lengths may be any.

    Args:
        model: A bound network.
        path: The file to write; of a SavedModel, the directory.
        format: See the module; that of the model's framework if None.

    Raises:
        ConfigError: There is no such format for the model's framework.
        WriteError: It could not be written; what was there before is unharmed.
    """
    writer_of(model, format).forward(model, Path(path))


def export_generate(
    model: Any, path: str | Path, format: str | None = None, *, batch_size: int, prompt_length: int, **options: Any
) -> None:
    """Writes greedy search: input_ids and attention_mask (B, T) int32, padding on either side -> tokens (B, T + N).

    What follows the end of a text is `pad_token_id`. TensorFlow and JAX; PyTorch has no format for such loops.

    Args:
        model: A bound network that goes on with texts.
        path: As of `export`.
        format: As of `export`.
        batch_size: B.
        prompt_length: T, the columns of prompts, padding included.
        options: Of `generate`, such as `max_new_tokens`.

    Raises:
        ConfigError: There is no such format for the model's framework, or none that holds loops.
        InputError: The options ask for more than greedy search.
        WriteError: It could not be written; what was there before is unharmed.
    """
    writer = writer_of(model, format)
    if not hasattr(writer, "generation"):
        raise ConfigError("torch.export takes no loop of unknown length", key="generate", hint="export the forward, or use JAX")
    if not hasattr(model, "generate"):
        raise InputError(f"{type(model).__name__} writes no texts", key="generate")
    bound = importlib.import_module(f"trivium.backends.{backend_of(model)}.generation.exporting")
    model = writer.for_inference(model)
    writer.generation(model, Path(path), bound.program(model, batch_size, prompt_length, options), (batch_size, prompt_length))


def writer_of(model: Any, format: str | None) -> Any:
    """The module of a backend that writes a format."""
    backend = backend_of(model)
    if format is not None and format not in FORMATS:
        raise ConfigError(f"format = {format!r} is not there", key="format", hint=", ".join(FORMATS))
    if backend not in FORMATS.values() or (format and FORMATS[format] != backend):
        theirs = "NumPy has none" if format is None else f"{format} is {FORMATS[format]}'s, and the model is {backend}'s"
        raise ConfigError(theirs, key="format", hint="take the class from the door of that framework")
    return importlib.import_module(f"trivium.backends.{backend}.exporting")
