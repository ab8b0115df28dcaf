"""HuBERT's config."""

from __future__ import annotations

from trivium.core.config import Size
from trivium.models.wav2vec2.config import Wav2Vec2Config


class HubertConfig(Wav2Vec2Config):
    """The fields of HuBERT's config.json, with the values of hubert-base-ls960 as defaults: wav2vec 2.0's, and two more."""

    model_type = "hubert"
    processing = {"tokenizer": "Wav2Vec2CTC", "feature_extractor": "Wav2Vec2", "processor": "Wav2Vec2"}

    feat_proj_layer_norm: bool = True
    conv_pos_batch_norm: bool = False
    adapter_attn_dim: Size | None = None
