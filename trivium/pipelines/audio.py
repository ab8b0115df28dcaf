"""Recordings to labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from trivium.core.errors import InputError

from . import scores
from .base import Piece, Pipeline, Result, fetched


class AudioPipeline(Pipeline):
    """A pipeline of recordings: paths, bytes, arrays (T,) at the model's rate, or {"raw" or "array": (T,), "sampling_rate"}."""

    needs: ClassVar[tuple[str, ...]] = ("feature_extractor",)
    compiled = False  # recordings seldom have the same length, and padding would change what some models hear

    def heard(self, item: Any) -> np.ndarray:
        """A recording (T,) of one channel at the model's rate."""
        from trivium.processing.sounds import read_audio, recordings, resampled

        rate = self.feature_extractor.sampling_rate
        if isinstance(item, str) and item.startswith(("http://", "https://")):
            item = fetched(item)
        if isinstance(item, (str, Path, bytes)):
            return read_audio(item, rate)
        if not isinstance(item, Mapping):
            return recordings([item], rate)[0]
        raw = item.get("raw", item.get("array"))
        if raw is None or "sampling_rate" not in item:
            raise InputError('a recording in a dict is {"raw": array, "sampling_rate": number}', key="inputs")
        return resampled(recordings([raw], rate)[0], item["sampling_rate"], rate)

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

    def finish(
        self, results: list[Result], *, top_k: int | None = 5, function_to_apply: str = "softmax"
    ) -> list[dict[str, Any]]:
        return scores.ranked(
            scores.of_labels(results[0].out["logits"], self.model.config, function_to_apply), self.model.config, top_k
        )


class AutomaticSpeechRecognitionPipeline(AudioPipeline):
    """Speech to text, by a model with a head of CTC.

    Options:
        chunk_length_s: Seconds of the parts that a long recording is cut into; 0 for none.
        stride_length_s: Seconds that a part shares with its neighbours, or those on the left and on the right.
        return_timestamps: "char" or "word": when each was said, in `chunks`.

    Returns:
        For each recording {"text"}, and "chunks": [{"text", "timestamp": (begin, end)}] if asked for.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer", "feature_extractor")

    def prepare(
        self, item: Any, *, chunk_length_s: float = 0, stride_length_s: float | tuple[float, float] | None = None
    ) -> Iterator[Piece]:
        samples, rate = self.heard(item), self.feature_extractor.sampling_rate
        if not chunk_length_s:
            yield Piece(self.features(samples), {"stride": (len(samples), 0, 0)})
            return
        seconds = chunk_length_s / 6 if stride_length_s is None else stride_length_s
        sides = seconds if isinstance(seconds, (tuple, list)) else (seconds, seconds)
        length, left, right = (self._aligned(part * rate) for part in (chunk_length_s, *sides))
        if length <= left + right:
            raise InputError(f"chunk_length_s = {chunk_length_s} is no more than its strides", key="chunk_length_s")
        for start in range(0, max(len(samples), 1), length - left - right):
            part, last = samples[start : start + length], start + length >= len(samples)
            if len(part) > (left if start else 0):
                yield Piece(self.features(part), {"stride": (len(part), left if start else 0, 0 if last else right)})
            if last:
                return

    def _aligned(self, samples: float) -> int:
        """A number of samples that is a multiple of those which make a step of the network."""
        ratio = self.model.config.inputs_to_logits_ratio
        return int(round(samples / ratio) * ratio)

    def finish(self, results: list[Result], *, return_timestamps: str | None = None) -> dict[str, Any]:
        if return_timestamps not in (None, False, "char", "word"):
            raise InputError(f"return_timestamps = {return_timestamps!r} is neither 'char' nor 'word'", key="return_timestamps")
        steps = []
        for result in results:
            tokens = np.asarray(result.out["logits"]).argmax(-1)
            samples, left, right = result.piece.about["stride"]
            count = round(samples / self.model.config.inputs_to_logits_ratio)
            begin, end = (round(side / samples * count) if samples else 0 for side in (left, right))
            steps.append(tokens[begin : count - end] if left or right or len(results) > 1 else tokens)
        ids = np.concatenate(steps)
        if not return_timestamps:
            return {"text": self.tokenizer.decode(ids)}
        found = self.tokenizer.decode(ids, output_char_offsets=True, output_word_offsets=True)
        second = self.model.config.inputs_to_logits_ratio / self.feature_extractor.sampling_rate
        chunks = [
            {"text": one[return_timestamps], "timestamp": (one["start_offset"] * second, one["end_offset"] * second)}
            for one in found[f"{return_timestamps}_offsets"]
        ]
        return {"text": found["text"], "chunks": chunks}
