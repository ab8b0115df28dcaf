"""The config of an encoder of images and a decoder of text."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Config
from trivium.models.encoder_decoder.config import EncoderDecoderConfig
from trivium.models.gpt2.config import GPT2Config
from trivium.models.vit.config import ViTConfig


class VisionEncoderDecoderConfig(EncoderDecoderConfig):
    """The fields of its config.json; as defaults a ViT that encodes, and a GPT-2 that decodes."""

    model_type = "vision-encoder-decoder"

    encoder: Config = ViTConfig()
    decoder: Config = GPT2Config(add_cross_attention=True)
    tie_encoder_decoder: Literal[False] = False
