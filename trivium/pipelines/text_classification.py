"""Texts, or pairs of them, to labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from . import scores
from .base import Piece, Pipeline, Result
from .text import tokenized

_UNSAID: Any = ""  # None is an answer of its own


class TextClassificationPipeline(Pipeline):
    """Classifies texts: "a text", or {"text": ..., "text_pair": ...}.

    Options:
        top_k: How many labels an answer has, the best first; None for all. If it is not given, one that is no list.
        function_to_apply: "softmax", "sigmoid" or "none", if not what the config's problem type asks for.
        truncation, max_length, padding, add_special_tokens: The tokenizer's.

    Returns:
        {"label", "score"}, or with top_k a list of such. One text alone gives a list in either case.
    """

    def prepare(
        self,
        item: Any,
        *,
        truncation: Any = None,
        max_length: int | None = None,
        padding: Any = False,
        add_special_tokens: bool = True,
    ) -> Iterator[Piece]:
        if isinstance(item, list) and len(item) == 1 and isinstance(item[0], (list, tuple)) and len(item[0]) == 2:
            item = {"text": item[0][0], "text_pair": item[0][1]}  # as it was asked for once
        if not isinstance(item, (str, Mapping)):
            raise InputError(
                f"{self.task} takes texts, not {type(item).__name__}", hint='a pair of texts is {"text": ..., "text_pair": ...}'
            )
        texts = dict(item) if isinstance(item, Mapping) else {"text": item}
        options = {"truncation": truncation, "max_length": max_length, "padding": padding}
        yield Piece(tokenized(self.tokenizer, **texts, **options, add_special_tokens=add_special_tokens))

    def finish(self, results: list[Result], *, top_k: int | None = _UNSAID, function_to_apply: str | None = None) -> Any:
        found = scores.of_labels(np.asarray(results[0].out["logits"]), self.model.config, function_to_apply)
        if top_k == _UNSAID:
            return scores.ranked(found, self.model.config, 1)[0]
        return scores.ranked(found, self.model.config, top_k)

    def is_one(self, inputs: Any) -> bool:
        if isinstance(inputs, list) and len(inputs) == 1 and isinstance(inputs[0], list):
            return True
        return super().is_one(inputs)

    def __call__(self, inputs: Any, **options: Any) -> Any:
        found = super().__call__(inputs, **options)
        return [found] if isinstance(inputs, str) and "top_k" not in {*self.options, *options} else found
