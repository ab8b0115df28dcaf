"""The config of an encoder and a decoder of any architectures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from trivium.core.config import Config
from trivium.core.errors import ConfigError
from trivium.models.bert.config import BertConfig


class EncoderDecoderConfig(Config):
    """The fields of an encoder-decoder's config.json; as defaults a BERT that encodes, and one that decodes.

    The parts' own fields are those of their architectures. Embeddings are tied where `decoder.tie_word_embeddings` says so.
    """

    model_type = "encoder-decoder"

    encoder: Config = BertConfig()
    decoder: Config = BertConfig(is_decoder=True, add_cross_attention=True)
    decoder_start_token_id: int | None = None
    tie_encoder_decoder: bool = False

    def check(self) -> None:
        if "add_cross_attention" in _names(self.decoder) and not self.decoder.add_cross_attention:
            raise self.error("decoder", "has add_cross_attention = False, and would not see what the encoder returns")
        width = getattr(self.decoder, "cross_attention_hidden_size", None)
        if self.decoder_fits and width != self.encoder.hidden_size:
            why = f"has cross_attention_hidden_size = {width}, and the encoder is of width {self.encoder.hidden_size}"
            raise self.error("decoder", why)
        if not self.decoder_fits and width not in (None, self.decoder.hidden_size):
            why = f"has cross_attention_hidden_size = {width}, where a {self.decoder.model_type} attends to its own width"
            raise self.error("decoder", why)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], **overrides: Any) -> Self:
        for part in ("encoder", "decoder"):
            if part not in values and part not in overrides:
                raise ConfigError(f"{cls.__name__}.{part} is missing: nothing says what the {part} is", key=part)
        return super().from_dict(values, **overrides)

    @classmethod
    def from_encoder_decoder_configs(cls, encoder_config: Config, decoder_config: Config, **fields: Any) -> Self:
        """The config of two parts, the second made a decoder that attends to the first, and the first none."""
        return cls(encoder=_decoding(encoder_config, False), decoder=_decoding(decoder_config, True), **fields)

    @property
    def projects(self) -> bool:
        """Whether what the encoder returns is brought to the decoder's width."""
        return self.encoder.hidden_size != self.decoder.hidden_size and not self.decoder_fits

    @property
    def decoder_fits(self) -> bool:
        """Whether the decoder is made for what the encoder returns, whatever its own width."""
        width = "cross_attention_hidden_size"
        return width in _names(self.decoder) and getattr(self.decoder, width) is not None


def _decoding(config: Config, value: bool) -> Config:
    return config.replace(**dict.fromkeys(_names(config) & {"is_decoder", "add_cross_attention"}, value))


def _names(config: Config) -> set[str]:
    return {field.name for field in dataclasses.fields(config)}
