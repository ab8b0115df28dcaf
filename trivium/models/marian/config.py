"""Marian's config."""

from __future__ import annotations

from trivium.core.config import Size
from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class MarianConfig(EncoderDecoderConfig):
    """The fields of Marian's config.json, with Transformers' defaults."""

    model_type = "marian"
    processing = {"tokenizer": "Marian"}

    vocab_size: Size = 58101
    decoder_vocab_size: Size | None = None
    share_encoder_decoder_embeddings: bool = True
    bos_token_id: int | None = None
    pad_token_id: int | None = 58100
    eos_token_id: int | None = 0
    decoder_start_token_id: int | None = 58100
    forced_eos_token_id: int | None = 0

    def check(self) -> None:
        super().check()
        if self.decoder_vocab_size not in (None, self.vocab_size):
            raise self.error("decoder_vocab_size", "must be vocab_size, as it is in all checkpoints, which pad the smaller one")
