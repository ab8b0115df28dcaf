"""EnCodec's config."""

from __future__ import annotations

import math
from typing import Literal

from trivium.core.config import Config, Count, Rate, Scale, Size


class EncodecConfig(Config):
    """The fields of EnCodec's config.json, with the values of the 24 kHz model as defaults."""

    model_type = "encodec"
    processing = {"feature_extractor": "Encodec"}

    target_bandwidths: tuple[float, ...] = (1.5, 3.0, 6.0, 12.0, 24.0)
    sampling_rate: Size = 24_000
    audio_channels: Literal[1, 2] = 1
    normalize: bool = False
    chunk_length_s: Scale | None = None
    overlap: Rate | None = None
    hidden_size: Size = 128
    num_filters: Size = 32
    num_residual_layers: Count = 1
    upsampling_ratios: tuple[Size, ...] = (8, 5, 4, 2)
    norm_type: Literal["weight_norm", "time_group_norm"] = "weight_norm"
    kernel_size: Size = 7
    last_kernel_size: Size = 7
    residual_kernel_size: Size = 3
    dilation_growth_rate: Size = 2
    use_causal_conv: bool = True
    pad_mode: Literal["reflect"] = "reflect"
    compress: Size = 2
    num_lstm_layers: Size = 2
    trim_right_ratio: Rate = 1.0
    codebook_size: Size = 1024
    codebook_dim: Size | None = None
    use_conv_shortcut: bool = True

    @property
    def chunk_length(self) -> int | None:
        """The samples of a chunk; None where the wave is not cut."""
        return None if self.chunk_length_s is None else int(self.chunk_length_s * self.sampling_rate)

    @property
    def chunk_stride(self) -> int | None:
        """The samples from one chunk's beginning to the next one's."""
        if self.chunk_length is None:
            return None
        return max(1, int((1.0 - (self.overlap or 0.0)) * self.chunk_length))

    @property
    def frame_rate(self) -> int:
        """Codes per second."""
        return math.ceil(self.sampling_rate / math.prod(self.upsampling_ratios))

    @property
    def num_quantizers(self) -> int:
        """How many codebooks there are: as many as the largest bandwidth takes if each has ten bits."""
        return int(1000 * self.target_bandwidths[-1] // (self.frame_rate * 10))

    def quantizers_for(self, bandwidth: float) -> int:
        """How many codebooks a bandwidth in kbit/s takes, of those that there are."""
        wanted = math.floor(bandwidth * 1000 / (math.log2(self.codebook_size) * self.frame_rate))
        return min(max(1, wanted), self.num_quantizers)

    def check(self) -> None:
        if not self.target_bandwidths:
            raise self.error("target_bandwidths", "names no bandwidth")
        if not self.num_quantizers:
            raise self.error("target_bandwidths", f"= {self.target_bandwidths} is too little for one codebook")
        if self.codebook_size & (self.codebook_size - 1):
            raise self.error("codebook_size", f"= {self.codebook_size} is not a power of 2")
        if self.codebook_dim not in (None, self.hidden_size):
            raise self.error("codebook_dim", f"= {self.codebook_dim} is not hidden_size = {self.hidden_size}")
        if not self.use_causal_conv and self.trim_right_ratio != 1.0:
            raise self.error("trim_right_ratio", "only makes sense where use_causal_conv is true")
