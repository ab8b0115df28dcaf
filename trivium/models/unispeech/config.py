"""UniSpeech's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Size
from trivium.models.wav2vec2.config import Wav2Vec2Config


class UniSpeechConfig(Wav2Vec2Config):
    """The fields of UniSpeech's config.json, which are those of wav2vec 2.0 and one more, with Transformers' defaults."""

    model_type = "unispeech"
    processing = {"feature_extractor": "Wav2Vec2", "processor": "Wav2Vec2"}

    ctc_loss_reduction: Literal["sum", "mean"] = "mean"
    num_ctc_classes: Size = 80
    add_adapter: Literal[False] = False
