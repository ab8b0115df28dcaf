"""Recordings to labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from . import scores
from .base import Piece, Pipeline, Result


class AudioPipeline(Pipeline):
    """A pipeline of recordings: paths, bytes, arrays (T,) at the model's rate, or {"raw" or "array": (T,), "sampling_rate"}."""

    needs = ("feature_extractor",)
    compiled = False  # recordings seldom have the same length, and padding would change what some models hear

    def heard(self, item: Any) -> np.ndarray:
        """A recording (T,) of one channel at the model's rate."""
        from trivium.processing.recordings import recording

        rate = self.feature_extractor.sampling_rate
        if isinstance(item, Mapping):
            raw = item.get("raw", item.get("array"))
            if raw is None or "sampling_rate" not in item:
                raise InputError('a recording in a dict is {"raw": array, "sampling_rate": number}', key="inputs")
            return recording(np.asarray(raw), item["sampling_rate"], rate)
        return recording(item, rate, rate)

    def features(self, samples: np.ndarray, **options: Any) -> dict[str, np.ndarray]:
        """What the model is given of a recording."""
        rate = self.feature_extractor.sampling_rate
        found = self.feature_extractor(samples, sampling_rate=rate, return_tensors="np", **options)
        return {name: found[name][0] for name in found}

    def is_one(self, inputs: Any) -> bool:
        return not isinstance(inputs, (list, tuple)) and not hasattr(inputs, "__next__")


class AudioClassificationPipeline(AudioPipeline):
    """Classifies recordings.

    Options:
        top_k: How many labels, the best first; None for all.
        function_to_apply: "softmax", "sigmoid" or "none".

    Returns:
        For each recording a list of {"score", "label"}.
    """

    def prepare(self, item: Any) -> Iterator[Piece]:
        yield Piece(self.features(self.heard(item)))

    def finish(self, results: list[Result], *, top_k: int | None = 5, function_to_apply: str = "softmax") -> list[dict[str, Any]]:
        return scores.ranked(
            scores.of_labels(results[0].out["logits"], self.model.config, function_to_apply), self.model.config, top_k
        )
