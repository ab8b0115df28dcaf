"""Collators: examples, as tokenizers and data sets give them one by one, to the batch that a model trains on.

They have Transformers' names and arguments. Tensors are PyTorch's unless `return_tensors` says "tf", "np" or "jax".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from .batch import BatchFeature, as_array, tensor

IGNORED = -100
"""The label of what is no part of a loss."""


def default_data_collator(features: Sequence[Mapping[str, Any]], return_tensors: str = "pt") -> dict[str, Any]:
    """A batch of examples whose values have one shape each; "label" and "label_ids" become "labels", texts are left out.

    Args:
        features: Name -> value of each example.
        return_tensors: "pt", "tf", "jax" or "np".

    Raises:
        ProcessorError: The values of a name differ in shape.
    """
    columns = _columns(features)
    return {name: tensor(values, return_tensors, name) for name, values in columns.items() if not isinstance(values[0], str)}


@dataclass
class DefaultDataCollator:
    """`default_data_collator` with its tensors' kind kept."""

    return_tensors: str = "pt"

    def __call__(self, features: Sequence[Mapping[str, Any]], return_tensors: str | None = None) -> dict[str, Any]:
        return default_data_collator(features, return_tensors or self.return_tensors)


@dataclass
class DataCollatorWithPadding:
    """Pads what a tokenizer gave to the longest of the batch.

    Args:
        tokenizer: Pads.
        padding, max_length, pad_to_multiple_of: As of the tokenizer's `pad`.
        return_tensors: "pt", "tf", "jax" or "np".
    """

    tokenizer: Any
    padding: bool | str = True
    max_length: int | None = None
    pad_to_multiple_of: int | None = None
    return_tensors: str = "pt"

    def __call__(self, features: Sequence[Mapping[str, Any]], return_tensors: str | None = None) -> BatchFeature:
        return self._padded(_columns(features), {}, return_tensors or self.return_tensors)

    def _padded(self, columns: dict[str, Any], beside: Mapping[str, Any], kind: str) -> BatchFeature:
        """The columns of a tokenizer's, padded, and others that are of their own length."""
        found = self.tokenizer.pad(
            columns, padding=self.padding, max_length=self.max_length, pad_to_multiple_of=self.pad_to_multiple_of
        )
        return BatchFeature({**found, **beside}, kind)


def collator(tokenizer: Any) -> Any:
    """What makes a batch of examples if nothing else is said: padding, where there is a tokenizer."""
    return default_data_collator if tokenizer is None else DataCollatorWithPadding(tokenizer)


@dataclass
class DataCollatorForTokenClassification(DataCollatorWithPadding):
    """Pads the labels of tokens too, with `label_pad_token_id`."""

    label_pad_token_id: int = IGNORED

    def __call__(self, features: Sequence[Mapping[str, Any]], return_tensors: str | None = None) -> BatchFeature:
        columns = _columns(features)
        labels = columns.pop("labels", None)
        found = self._padded(columns, {}, "np")
        beside = {} if labels is None else {"labels": self._labels(labels, np.shape(found["input_ids"])[1])}
        return BatchFeature({**found, **beside}, return_tensors or self.return_tensors)

    def _labels(self, labels: Iterable[Any], length: int) -> np.ndarray:
        """Labels (B, length)."""
        return _filled(labels, length, self.label_pad_token_id, self.tokenizer.padding_side)


class DataCollatorForSeq2Seq(DataCollatorForTokenClassification):
    """Pads what a model reads and, by itself, what it is to write.

    Args:
        tokenizer: Pads.
        model: Not needed, since the networks shift their labels themselves; accepted.
        padding, max_length, pad_to_multiple_of, return_tensors, label_pad_token_id: As before.
    """

    def __init__(self, tokenizer: Any, model: Any = None, *inputs: Any, **options: Any):
        super().__init__(tokenizer, *inputs, **options)

    def __call__(self, features: Sequence[Mapping[str, Any]], return_tensors: str | None = None) -> BatchFeature:
        columns = _columns(features)
        labels = columns.pop("labels", None)
        length, multiple = max(map(len, labels or [[]])), self.pad_to_multiple_of or 1
        beside = {} if labels is None else {"labels": self._labels(labels, -(-length // multiple) * multiple)}
        return self._padded(columns, beside, return_tensors or self.return_tensors)


@dataclass
class DataCollatorForLanguageModeling:
    """Pads, and makes labels: of the tokens themselves, or with `mlm` of those that are hidden from the model.

    Of the tokens that are chosen, 80 % become the mask's, 10 % any token, and 10 % stay (Devlin and others, arXiv:1810.04805).

    Args:
        tokenizer: Pads, and has the mask.
        mlm: Whether tokens are hidden; else the labels are the tokens, for a model that predicts the next one.
        mlm_probability: The share of tokens that are chosen.
        pad_to_multiple_of: Of what the length is to be a multiple.
        return_tensors: "pt", "tf", "jax" or "np".
        seed: Of what is drawn; None for another one each time.

    Raises:
        InputError: Tokens are to be hidden, and the tokenizer has no mask.
    """

    tokenizer: Any
    mlm: bool = True
    mlm_probability: float = 0.15
    pad_to_multiple_of: int | None = None
    return_tensors: str = "pt"
    seed: int | None = None
    _chance: np.random.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.mlm and self.tokenizer.mask_token_id is None:
            raise InputError("the tokenizer has no mask", key="mlm", hint="mlm=False, for a model that predicts the next token")
        self._chance = np.random.default_rng(self.seed)

    def __call__(self, features: Sequence[Any], return_tensors: str | None = None) -> BatchFeature:
        rows = [one if isinstance(one, Mapping) or hasattr(one, "keys") else {"input_ids": one} for one in features]
        columns = _columns(rows)
        found = dict(self.tokenizer.pad(columns, pad_to_multiple_of=self.pad_to_multiple_of))
        ids = np.asarray(found["input_ids"])
        special = found.pop("special_tokens_mask", None)
        if self.mlm:
            if special is None:
                special = [self.tokenizer.get_special_tokens_mask(row, already_has_special_tokens=True) for row in ids]
            found["input_ids"], found["labels"] = self._hidden(ids, np.asarray(special, bool))
        else:
            padding = self.tokenizer.pad_token_id
            found["labels"] = np.where(ids == padding, IGNORED, ids) if padding is not None else ids
        return BatchFeature(found, return_tensors or self.return_tensors)

    def _hidden(self, ids: np.ndarray, special: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tokens (B, T) of which some are hidden, and the labels (B, T)."""
        chosen = (self._chance.random(ids.shape) < self.mlm_probability) & ~special
        share = self._chance.random(ids.shape)
        any_token = self._chance.integers(0, len(self.tokenizer), ids.shape)
        hidden = np.where(share < 0.8, self.tokenizer.mask_token_id, np.where(share < 0.9, any_token, ids))
        return np.where(chosen, hidden, ids), np.where(chosen, ids, IGNORED)


def _columns(features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Name -> its values in all examples."""
    if not features:
        raise InputError("a batch of no examples", key="features")
    names = {"label": "labels", "label_ids": "labels"}
    kept = [name for name in features[0] if features[0][name] is not None]
    return {names.get(name, name): [one[name] for one in features] for name in kept}


def _filled(rows: Iterable[Any], length: int, value: int, side: str) -> np.ndarray:
    """Rows of any lengths as an array (B, length)."""
    found = []
    for row in rows:
        numbers = as_array(row).tolist()
        more = [value] * (length - len(numbers))
        found.append(numbers + more if side == "right" else more + numbers)
    return np.asarray(found)
