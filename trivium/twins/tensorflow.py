"""How Transformers 4's TensorFlow classes were called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from trivium.core.errors import InputError
from trivium.core.familiar import without_head_masks
from trivium.core.signatures import parameters
from trivium.processing import collators

_LABELS = ("labels", "start_positions", "end_positions", "next_sentence_label", "sentence_order_label")


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
        options = {name: _tensor(value) for name, value in without_head_masks(options).items()}
        out = super().__call__(*map(_tensor, inputs), **options)  # type: ignore[misc]
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

    def prepare_tf_dataset(
        self,
        dataset: Any,
        batch_size: int = 8,
        shuffle: bool = True,
        tokenizer: Any = None,
        collate_fn: Any = None,
        collate_fn_args: Mapping[str, Any] | None = None,
        drop_remainder: bool | None = None,
        prefetch: bool = True,
    ) -> tf.data.Dataset:
        """A `tf.data.Dataset` of batches for `fit`: the model's inputs, and the labels if there are any.

        Args:
            dataset: Has a length and gives examples by their index, each a mapping: a data set of `datasets`, a list.
            batch_size: Examples in a batch.
            shuffle: Whether their order is another one each time.
            tokenizer: Pads a batch, unless `collate_fn` is given.
            collate_fn: Makes a mapping of arrays of a list of examples.
            collate_fn_args: Arguments of it.
            drop_remainder: Whether a last batch that is smaller is left out; if None, as `shuffle`.
            prefetch: Whether batches are made while others are trained on.

        Raises:
            InputError: The data set is empty.
        """
        return batches(
            self, dataset, collate_fn or collators.collator(tokenizer), collate_fn_args or {}, batch_size, shuffle,
            shuffle if drop_remainder is None else drop_remainder, prefetch,
        )  # fmt: skip


def batches(
    model: Any,
    dataset: Any,
    collate: Any,
    options: Mapping[str, Any],
    size: int,
    shuffle: bool,
    drops: bool,
    prefetch: bool,
) -> tf.data.Dataset:
    """See `Twin.prepare_tf_dataset`."""
    known = {parameter.name for parameter in parameters(type(model))} | {"label", "label_ids", "labels"}

    def batch(numbers: Any) -> dict[str, np.ndarray]:
        rows = [{name: value for name, value in dataset[int(number)].items() if name in known} for number in numbers]
        return {name: np.asarray(value) for name, value in collate(rows, **{"return_tensors": "np", **options}).items()}

    if not len(dataset):
        raise InputError("a data set of no examples", key="dataset")
    example = batch([0])

    def apart(values: dict[str, Any]) -> Any:
        """The inputs and, where there are labels, these: one alone, or by name."""
        labels = {name: values[name] for name in values if name in _LABELS}
        inputs = {name: value for name, value in values.items() if name not in labels}
        return (inputs, labels if len(labels) > 1 else next(iter(labels.values()))) if labels else inputs

    def epoch() -> Iterator[Any]:
        order = np.random.default_rng().permutation(len(dataset)) if shuffle else np.arange(len(dataset))
        for start in range(0, len(order), size):
            if start + size <= len(order) or not drops:
                yield apart(batch(order[start : start + size]))

    shapes = {name: tf.TensorSpec((None,) * value.ndim, value.dtype) for name, value in example.items()}
    found = tf.data.Dataset.from_generator(epoch, output_signature=apart(shapes))
    whole = len(dataset) // size if drops else -(-len(dataset) // size)
    found = found.apply(tf.data.experimental.assert_cardinality(whole))
    return found.prefetch(tf.data.AUTOTUNE) if prefetch else found


def _tensor(value: Any) -> Any:
    return tf.constant(value) if isinstance(value, (list, tuple)) and value and _is_number(value) else value


def _is_number(value: Any) -> bool:
    """Whether it is numbers in lists, and not a list of tensors."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (bool, int, float))
