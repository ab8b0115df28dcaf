"""Speech to text by a network that writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from trivium.core.errors import InputError

from .audio import AudioPipeline
from .base import Piece, Result
from .generation import GeneratingPipeline


class SpeechToTextPipeline(GeneratingPipeline, AudioPipeline):
    """Speech to text by an encoder and a decoder, such as Whisper.

    Options:
        generate_kwargs: A dict of `generate`'s (`language`, `task`, ...); they may also be given by themselves.

    Returns:
        For each recording {"text"}. A recording longer than the model hears at once is refused.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer", "feature_extractor")
    defaults = {"max_new_tokens": 256, "num_beams": 5}

    def prepare(self, item: Any) -> Iterator[Piece]:
        samples = self.heard(item)
        most = getattr(self.feature_extractor, "n_samples", None)
        if most is not None and len(samples) > most:
            seconds = most / self.feature_extractor.sampling_rate
            raise InputError(
                f"the recording is longer than the {seconds:g} s that the model hears at once", key="inputs",
                hint="cut it where nobody speaks, and give the parts",
            )  # fmt: skip
        found = self.features(samples)
        yield Piece({name: value for name, value in found.items() if name != "attention_mask"})

    def run(self, batch: dict[str, np.ndarray], *, generate_kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return super().run(batch, **{**options, **(generate_kwargs or {})})

    def finish(self, results: list[Result]) -> dict[str, str]:
        return {"text": self.texts(results[0])[0]}
