"""Texts or images to the vectors of a model's last layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from .base import Piece, Pipeline, Result
from .text import tokenized


class FeatureExtractionPipeline(Pipeline):
    """The vectors that a model makes of a text: its last hidden states.

    Options:
        truncation, max_length: The tokenizer's; or `tokenize_kwargs`, a dict of such.
        return_tensors: Return an array (1, T, D), and not lists.

    Returns:
        For each text a list (1, T, D).
    """

    token_outputs = ("last_hidden_state",)

    def prepare(
        self,
        item: str,
        *,
        truncation: Any = None,
        max_length: int | None = None,
        tokenize_kwargs: Mapping[str, Any] | None = None,
    ) -> Iterator[Piece]:
        options = {"truncation": truncation, "max_length": max_length, **(tokenize_kwargs or {})}
        yield Piece(tokenized(self.tokenizer, item, **options))

    def finish(self, results: list[Result], *, return_tensors: bool = False) -> Any:
        return _told(next(iter(results[0].out.values())), return_tensors)


class ImageFeatureExtractionPipeline(Pipeline):
    """The vectors that a model makes of an image.

    Options:
        pool: Return the pooled vector, (1, D).
        return_tensors: Return an array, and not lists.
    """

    needs: ClassVar[tuple[str, ...]] = ("image_processor",)

    def prepare(self, item: Any) -> Iterator[Piece]:
        yield Piece({"pixel_values": self.image_processor(item, return_tensors="np")["pixel_values"][0]})

    def finish(self, results: list[Result], *, pool: bool = False, return_tensors: bool = False) -> Any:
        out = results[0].out
        return _told(out["pooler_output"] if pool else next(iter(out.values())), return_tensors)


def _told(vectors: np.ndarray, as_array: bool) -> Any:
    return vectors[None] if as_array else vectors[None].tolist()
