"""The kinds of feature extractors, named as in Transformers, whose values their defaults are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.core.errors import LimitExceeded, ProcessorError

from . import settings, sounds
from .audio import FeatureExtractor
from .spectrograms import kaldi_features, kaldi_filters, slaney_filters, whisper_features

_SMALL = 1e-7  # what keeps silence from being divided by zero, in wav2vec 2.0's normalisation
_SEQUENCE: dict[str, Any] = {"padding_value": 0.0, "padding_side": "right", "return_attention_mask": True}


def _standard(values: np.ndarray, mask: np.ndarray | None, filler: float) -> np.ndarray:
    """Values of mean zero and variance one; those that a mask leaves out neither count nor stay."""
    count = len(values) if mask is None else int(mask.sum())
    if not count:
        raise ProcessorError("an empty recording", key="audio")
    found = (values - values[:count].mean()) / np.sqrt(values[:count].var() + _SMALL)
    if mask is not None:
        found[count:] = filler
    return found


class WhisperFeatureExtractor(FeatureExtractor):
    """Whisper's log-mel spectrogram, (mels, moments), of 30 s."""

    defaults = {
        "feature_size": 80, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400, "dither": 0.0,
        **_SEQUENCE, "return_attention_mask": False,
    }  # fmt: skip
    beside = ("n_samples", "nb_max_frames", "mel_filters")  # which follow from the others
    names = ("input_features",)
    call = {
        **FeatureExtractor.call, "padding": "max_length", "truncation": True, "do_normalize": None,
        "return_token_timestamps": None,
    }  # fmt: skip

    def _read(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in super()._read(values).items() if name not in self.beside}

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["dither"] != 0:
            raise ProcessorError(f"dither = {values['dither']} is not supported: features are not random", key="dither")
        values = super()._checked(values)
        if values["chunk_length"] > sounds.MAX_SECONDS:
            limit = f"the limit is {sounds.MAX_SECONDS}"
            raise LimitExceeded(f"chunk_length = {values['chunk_length']} s; {limit}", key="chunk_length")
        return values

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"n_samples": self.n_samples, "nb_max_frames": self.nb_max_frames}

    @property
    def n_samples(self) -> int:
        """The samples in a chunk."""
        return self.chunk_length * self.sampling_rate

    @property
    def nb_max_frames(self) -> int:
        """The moments in a chunk."""
        return self.n_samples // self.hop_length

    def _features(self, found: list[np.ndarray], options: Mapping[str, Any]) -> dict[str, Any]:
        masked, do_normalize = self._masked(options["return_attention_mask"]), options["do_normalize"]
        size = options["padding"], options["max_length"] or self.n_samples, options["truncation"], options["pad_to_multiple_of"]
        data: dict[str, Any] = self._pad(found, bool(masked or do_normalize), *size)
        samples, masks = data["input_features"], data.pop("attention_mask", None)
        if min(map(len, samples)) <= self.n_fft // 2:
            raise ProcessorError(f"a recording of at most {self.n_fft // 2} samples", key="audio", hint='padding="max_length"')
        if do_normalize:
            samples = [_standard(*pair, self.padding_value) for pair in zip(samples, masks, strict=True)]
        filters = slaney_filters(1 + self.n_fft // 2, self.feature_size, self.sampling_rate)
        data["input_features"] = [whisper_features(one, filters, self.n_fft, self.hop_length) for one in samples]
        if masked:
            data["attention_mask"] = [mask[:: self.hop_length] for mask in masks]
        if options["return_token_timestamps"] is not None:
            data["num_frames"] = [len(one) // self.hop_length for one in found]
        return data


class ASTFeatureExtractor(FeatureExtractor):
    """The Audio Spectrogram Transformer's filter banks, (moments, mels), of 10 s."""

    defaults = {
        "feature_size": 1, "sampling_rate": 16_000, "num_mel_bins": 128, "max_length": 1024, "do_normalize": True,
        "mean": -4.2677393, "std": 4.5689974, **_SEQUENCE, "return_attention_mask": False,
    }  # fmt: skip
    beside = ("mel_filters", "window")
    names = ("input_values",)
    call = {"sampling_rate": None, "return_tensors": None}
    _LENGTH = 400  # samples in a moment

    def _read(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in super()._read(values).items() if name not in self.beside}

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values["std"]:
            raise ProcessorError("std = 0, by which nothing can be divided", key="std")
        return super()._checked(values)

    def _features(self, found: list[np.ndarray], options: Mapping[str, Any]) -> dict[str, Any]:
        return {"input_values": [self._banks(one) for one in found]}

    def _banks(self, samples: np.ndarray) -> np.ndarray:
        if len(samples) < self._LENGTH:
            raise ProcessorError(f"a recording of {len(samples)} samples; {self._LENGTH} are the least", key="audio")
        banks = kaldi_features(samples, kaldi_filters(257, self.num_mel_bins, self.sampling_rate))[: self.max_length]
        banks = np.pad(banks, [(0, self.max_length - len(banks)), (0, 0)])
        return (banks - self.mean) / (self.std * 2) if self.do_normalize else banks


class Wav2Vec2FeatureExtractor(FeatureExtractor):
    """Recordings as they are, of mean zero and variance one if the settings say so: for wav2vec 2.0 and HuBERT."""

    defaults = {"feature_size": 1, "sampling_rate": 16_000, "do_normalize": True, **_SEQUENCE, "return_attention_mask": False}
    names = ("input_values", "attention_mask")

    def _features(self, found: list[np.ndarray], options: Mapping[str, Any]) -> dict[str, Any]:
        if not min(map(len, found), default=0):
            raise ProcessorError("an empty recording", key="audio")
        masked, padding = self._masked(options["return_attention_mask"]), options["padding"]
        size = padding, options["max_length"], options["truncation"], options["pad_to_multiple_of"]
        data: dict[str, Any] = self._pad(found, masked, *size)
        if self.do_normalize:
            # without a mask what was padded counts too: models whose files ask for none were trained so
            masks = data["attention_mask"] if masked and padding not in (False, None, "do_not_pad") else [None] * len(found)
            pairs = zip(data["input_values"], masks, strict=True)
            data["input_values"] = [_standard(values, mask, self.padding_value) for values, mask in pairs]
        return data


class EncodecFeatureExtractor(FeatureExtractor):
    """Recordings as they are, (channels, samples), padded to whole chunks: for EnCodec."""

    defaults = {"feature_size": 1, "sampling_rate": 24_000, "chunk_length_s": None, "overlap": None, **_SEQUENCE}
    names = ("input_values", "padding_mask")
    call = {"sampling_rate": None, "return_tensors": None, "padding": None, "truncation": False, "max_length": None}

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        length, overlap = values["chunk_length_s"], values["overlap"]
        if values["feature_size"] not in (1, 2):
            raise ProcessorError(f"feature_size = {values['feature_size']} channels; 1 or 2 are read", key="feature_size")
        if length is not None and not 0 < settings.number(length, "chunk_length_s") <= sounds.MAX_SECONDS:
            raise ProcessorError(f"chunk_length_s = {length} is not within the limit", key="chunk_length_s")
        if overlap is not None and not 0 <= settings.number(overlap, "overlap") < 1:
            raise ProcessorError(f"overlap = {overlap} is no share below 1", key="overlap")
        return super()._checked(values)

    @property
    def channels(self) -> int:  # type: ignore[override]
        """1, or 2 for stereo."""
        return self.feature_size

    @property
    def chunk_length(self) -> int | None:
        """The samples in a chunk; None if recordings are not cut."""
        return None if self.chunk_length_s is None else int(self.chunk_length_s * self.sampling_rate)

    @property
    def chunk_stride(self) -> int | None:
        """The samples from the beginning of a chunk to that of the next."""
        if self.chunk_length is None or self.overlap is None:
            return None
        return max(1, int((1.0 - self.overlap) * self.chunk_length))

    def _features(self, found: list[np.ndarray], options: Mapping[str, Any]) -> dict[str, Any]:
        padding, truncation, max_length = (options[name] for name in ("padding", "truncation", "max_length"))
        if padding and truncation:
            raise ProcessorError("padding and truncation exclude each other", key="truncation")
        if not min((one.shape[-1] for one in found), default=0):
            raise ProcessorError("an empty recording", key="audio")
        padding = True if padding is None else padding
        lengths = [one.shape[-1] for one in found]
        if self.chunk_stride and max_length is None and (truncation or padding):
            whole = min(lengths) // self.chunk_stride if truncation else -(-max(lengths) // self.chunk_stride)
            max_length = max(whole - 1, 0) * self.chunk_stride + self.chunk_length
            padding = padding if truncation else "max_length"
        data: dict[str, Any] = self._pad([one.T for one in found], bool(padding), padding, max_length, truncation, None)
        if padding:
            data["padding_mask"] = data.pop("attention_mask")
        data["input_values"] = [np.atleast_2d(one.T) for one in data["input_values"]]
        return data


EXTRACTORS: dict[str, type[FeatureExtractor]] = {
    cls.__name__: cls
    for cls in (WhisperFeatureExtractor, ASTFeatureExtractor, Wav2Vec2FeatureExtractor, EncodecFeatureExtractor)
}


def feature_extractor_class(name: str) -> type[FeatureExtractor]:
    """The class of a kind, by the name in Transformers.

    Raises:
        ProcessorError: There is none; the nearest are offered.
    """
    return settings.named(name, EXTRACTORS, "feature extractor")
