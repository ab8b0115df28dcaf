"""How Transformers 4's TensorFlow classes were called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from trivium.core.signatures import parameters


class Twin:
    """A network of `trivium.tensorflow` that is also called, trained and saved as the TF classes of Transformers 4 were.

    - The inputs may be one mapping or one list, Python's numbers or NumPy's; `return_dict=False` asks for a tuple.
    - Without a loss in `compile`, the network's own is used; labels may be among the inputs of `fit`, or be its `y`.
    - `save_pretrained` writes tf_model.h5, or with `safe_serialization=True` model.safetensors.

    What differs from Transformers 4: docs/migration.md.
    """

    def __call__(self, *inputs: Any, return_dict: bool | None = None, **options: Any) -> Any:
        if inputs and isinstance(inputs[0], Mapping):
            inputs, options = inputs[1:], {**inputs[0], **options}
        elif inputs and isinstance(inputs[0], (list, tuple)) and not _is_number(inputs[0]):
            inputs = (*inputs[0], *inputs[1:])
        if return_dict is None:
            return_dict = options.pop("return_dict", None)
        out = super().__call__(  # type: ignore[misc]
            *map(_tensor, inputs), **{name: _tensor(value) for name, value in options.items()}
        )
        return out.to_tuple() if return_dict is False else out

    def train_step(self, data: Any) -> Any:
        return super().train_step(self._with_labels(data))  # type: ignore[misc]

    def test_step(self, data: Any) -> Any:
        return super().test_step(self._with_labels(data))  # type: ignore[misc]

    def _with_labels(self, data: Any) -> Any:
        """A batch with its `y` among the inputs, where the network's own loss is used."""
        if self._compile_loss is not None or not isinstance(data, tuple) or len(data) < 2 or data[1] is None:  # type: ignore
            return data
        inputs, labels, *rest = data
        if not isinstance(inputs, Mapping):
            inputs = {parameters(type(self))[0].name: inputs}
        named = labels if isinstance(labels, Mapping) else {"labels": labels}
        return ({**inputs, **named}, None, *rest)

    def save_pretrained(self, directory: str | Path, *, safe_serialization: bool = False, **options: Any) -> None:
        """As `trivium.tensorflow`'s, in the format that Transformers 4 wrote here."""
        options.setdefault("format", "safetensors" if safe_serialization else "tensorflow")
        super().save_pretrained(directory, **options)  # type: ignore[misc]


def _tensor(value: Any) -> Any:
    return tf.constant(value) if isinstance(value, (list, tuple)) and value and _is_number(value) else value


def _is_number(value: Any) -> bool:
    """Whether it is numbers in lists, and not a list of tensors."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (bool, int, float))
