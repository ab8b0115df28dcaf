"""The config of an encoder of speech and a decoder of text."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Config
from trivium.models.bart.config import BartConfig
from trivium.models.encoder_decoder.config import EncoderDecoderConfig
from trivium.models.wav2vec2.config import Wav2Vec2Config


class SpeechEncoderDecoderConfig(EncoderDecoderConfig):
    """The fields of its config.json; as defaults a wav2vec 2.0 that encodes, and a BART that decodes."""

    model_type = "speech-encoder-decoder"

    encoder: Config = Wav2Vec2Config()
    decoder: Config = BartConfig()
    tie_encoder_decoder: Literal[False] = False

    def check(self) -> None:
        super().check()
        if self.projects and self.encoded_width != self.encoder.hidden_size:
            why = f"returns states of width {self.encoded_width}, the decoder's is {self.decoder.hidden_size}"
            raise self.error("encoder", why)

    @property
    def encoded_width(self) -> int:
        """The width of what the encoder returns."""
        return getattr(self.encoder, "output_width", self.encoder.hidden_size)

    @property
    def projects(self) -> bool:
        """Whether what the encoder returns is brought to the decoder's width."""
        return self.encoded_width != self.decoder.hidden_size and not self.decoder_fits
