"""Speech to text by a network that writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from trivium.core.errors import InputError
from trivium.processing.tokenizers.words import words_of

from .audio import AudioPipeline
from .base import Piece, Result
from .generation import GeneratingPipeline


class SpeechToTextPipeline(GeneratingPipeline, AudioPipeline):
    """Speech to text by an encoder and a decoder, such as Whisper, which hears long recordings segment by segment.

    Options:
        return_timestamps: True for the time of each phrase, "word" for that of each word, in `chunks`.
        generate_kwargs: A dict of `generate`'s (`language`, `task`, ...); they may also be given by themselves.

    Returns:
        For each recording {"text"}, and "chunks": [{"text", "timestamp": (begin, end)}], in seconds, if asked for; the end
        of the last is None if the model heard none.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer", "feature_extractor")
    defaults = {"max_new_tokens": 256, "num_beams": 5}

    def prepare(self, item: Any) -> Iterator[Piece]:
        samples = self.heard(item)
        most = getattr(self.feature_extractor, "n_samples", None)
        long = most is not None and len(samples) > most
        whole = {"truncation": False, "padding": "longest", "return_attention_mask": True} if long else {}
        found = self.features(samples, **whole)
        inputs = {name: value for name, value in found.items() if long or name != "attention_mask"}
        if most is not None and not long:
            inputs["num_frames"] = np.asarray(len(samples) // self.feature_extractor.hop_length)
        yield Piece(inputs)

    def run(
        self,
        batch: dict[str, np.ndarray],
        *,
        return_timestamps: bool | str | None = None,
        generate_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        options = {**options, **(generate_kwargs or {})}
        frames = batch.pop("num_frames", None)
        if not return_timestamps:
            return super().run(batch, **options)
        if return_timestamps not in (True, "word"):
            raise InputError(f"return_timestamps = {return_timestamps!r} is neither True nor 'word'", key="return_timestamps")
        if not hasattr(self.tokenizer, "timestamp_begin"):
            raise InputError(f"{type(self.model).__name__} writes no times", key="return_timestamps")
        asked: dict[str, Any] = {"return_timestamps": return_timestamps, "return_segments": True}
        if return_timestamps == "word":
            asked["num_frames"] = frames
        options = {"generation_config": self.generation_config, **asked, **options}
        out = self.model.generate(batch["input_features"], attention_mask=batch.get("attention_mask"), **options)
        return {"segments": [list(segments) for segments in out.segments]}

    def finish(self, results: list[Result], *, return_timestamps: bool | str | None = None) -> dict[str, Any]:
        if not return_timestamps:
            return {"text": self.texts(results[0])[0]}
        chunks: list[dict[str, Any]] = []
        for segment in results[0].out["segments"]:
            tokens = [int(token) for token in segment["tokens"]]
            chunks += self._words(tokens, segment) if return_timestamps == "word" else self._phrases(tokens, segment)
        return {"text": "".join(chunk["text"] for chunk in chunks), "chunks": chunks}

    def _phrases(self, tokens: list[int], segment: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        ended = tokens[-1] >= self.tokenizer.timestamp_begin
        span = round(segment["start"], 2), round(segment["end"], 2) if ended else None
        yield {"text": self.tokenizer.decode(tokens, skip_special_tokens=True), "timestamp": span}

    def _words(self, tokens: list[int], segment: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        times = [round(float(time), 2) for time in segment["token_timestamps"]]
        spans = list(zip(times, [*times[1:], None], strict=True))
        said = [place for place, token in enumerate(tokens) if token < self.tokenizer.eos_token_id]
        for text, places in words_of([tokens[place] for place in said], self.tokenizer):
            yield {"text": text, "timestamp": (spans[said[places[0]]][0], spans[said[places[-1]]][1])}
