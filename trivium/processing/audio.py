"""Feature extractors: recordings become a model's `input_features` or `input_values`, as the checkpoint's files say."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from trivium.core.errors import ProcessorError
from trivium.core.names import nearest

from . import settings, sounds
from .batch import BatchFeature
from .preprocessor import Preprocessor

logger = logging.getLogger("trivium")

_PADDING = {True: "longest", False: "do_not_pad", None: "do_not_pad"}
_MOST = 65_536  # of counts such as n_fft


class FeatureExtractor(Preprocessor):
    """Makes a model's inputs of recordings; its settings are attributes with Transformers' names."""

    part = "feature_extractor"
    names: ClassVar[tuple[str, ...]]
    """Of what it returns, the features first."""
    call: ClassVar[Mapping[str, Any]] = {
        "sampling_rate": None, "return_tensors": None, "padding": False, "max_length": None, "truncation": False,
        "pad_to_multiple_of": None, "return_attention_mask": None,
    }  # fmt: skip
    """Options of a call, and what they are if they are not given."""

    channels = 1

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        for name, value in values.items():
            if name in ("return_attention_mask", "do_normalize"):
                settings.switch(value, name)
            elif name in ("padding_value", "mean", "std"):
                settings.number(value, name)
            elif name in ("feature_size", "hop_length", "chunk_length", "n_fft", "num_mel_bins", "max_length"):
                settings.whole(value, name, most=_MOST)
            elif name == "sampling_rate":
                settings.whole(value, name)
        if values["padding_side"] not in ("left", "right"):
            raise ProcessorError(f"padding_side = {values['padding_side']!r} is neither left nor right", key="padding_side")
        return values

    @property
    def model_input_names(self) -> list[str]:
        """The names of what it returns."""
        return list(self.names)

    @property
    def options(self) -> frozenset[str]:
        """The names of all that a call takes beside the recordings."""
        return frozenset(self.call)

    def __call__(self, audio: Any = None, **options: Any) -> BatchFeature:
        """Prepares recordings for a model.

        Args:
            audio: One recording or several: paths, bytes, or arrays of any framework, (samples,); for stereo (2, samples).
                Transformers 4 calls it `raw_speech`, or `raw_audio`, which will do.
            **options: sampling_rate, that of the arrays; return_tensors ("pt", "tf", "jax", "np"); padding (True or "longest",
                "max_length", False), max_length, truncation, pad_to_multiple_of, return_attention_mask.

        Returns:
            The features, (B, ...), or a list if return_tensors is not given; with attention_mask where it is asked for.

        Raises:
            ProcessorError: A recording or an option is not valid, or the recording has another sampling rate.
            NotFound, LimitExceeded: A file is not there, or too long.
        """
        for name in ("raw_speech", "raw_audio"):
            audio = options.pop(name, audio)
        for name in options:
            if name not in self.call:
                raise ProcessorError(f"{type(self).__name__} has no option {name!r}", key=name, hint=nearest(name, self.call))
        options = {**self.call, **options}
        self._check_rate(options.pop("sampling_rate"), audio)
        kind = options.pop("return_tensors")
        found = sounds.recordings(audio, self.sampling_rate, self.channels)
        return BatchFeature(self._features(found, options), kind)

    def _features(self, found: list[np.ndarray], options: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _check_rate(self, rate: int | None, audio: Any) -> None:
        if rate is None:
            first = audio[0] if isinstance(audio, (list, tuple)) and audio else audio
            if not isinstance(first, (str, bytes)) and not hasattr(first, "__fspath__"):
                logger.warning("sampling_rate= was not given; %d hertz are taken for granted", self.sampling_rate)
        elif rate != self.sampling_rate:
            raise ProcessorError(
                f"the recording has {rate} hertz; the model was trained with {self.sampling_rate}", key="sampling_rate",
                hint=f"resample it first: trivium.processing.resampled(audio, {rate}, {self.sampling_rate})",
            )  # fmt: skip

    def pad(
        self, features: Any, padding: bool | str | None = True, max_length: int | None = None, truncation: bool = False,
        pad_to_multiple_of: int | None = None, return_attention_mask: bool | None = None, return_tensors: str | None = None,
    ) -> BatchFeature:  # fmt: skip
        """Brings features to one length.

        Args:
            features: Name -> list of arrays, (length, ...), or a list of such by example; the first of `names` counts.
            padding: True or "longest", "max_length", or False.
            max_length: For "max_length" and `truncation`.
            truncation: Whether longer ones are cut.
            pad_to_multiple_of: Lengths are rounded up to it.
            return_attention_mask: Whether to return 1 for each moment that is one; the setting if not given.
            return_tensors: As in a call.
        """
        if isinstance(features, (list, tuple)):
            features = {name: [one[name] for one in features] for name in features[0]}
        if self.names[0] not in features:
            raise ProcessorError(f"there is no {self.names[0]} to pad", key=self.names[0])
        arrays = [np.asarray(one) for one in features[self.names[0]]]
        size = padding, max_length, truncation, pad_to_multiple_of
        found = self._pad(arrays, self._masked(return_attention_mask), *size)
        return BatchFeature({**features, **found}, return_tensors)

    def _pad(
        self, arrays: Sequence[np.ndarray], masked: bool, padding: Any, max_length: int | None, truncation: bool,
        multiple: int | None,
    ) -> dict[str, list[np.ndarray]]:  # fmt: skip
        """Arrays (length, ...) of one length, and their masks."""
        strategy = _PADDING.get(padding, padding) if isinstance(padding, (bool, type(None))) else str(padding)
        if strategy not in ("longest", "max_length", "do_not_pad"):
            raise ProcessorError(f"padding = {padding!r} is none of: longest, max_length, do_not_pad", key="padding")
        if max_length is None and (truncation or strategy == "max_length"):
            raise ProcessorError("truncation and padding to max_length need max_length", key="max_length")
        if max_length is not None:
            limit = settings.whole(max_length, "max_length", most=sounds.MAX_SECONDS * self.sampling_rate)
            limit = _rounded(limit, multiple)
            arrays = [array[:limit] for array in arrays] if truncation else arrays
        length = max(map(len, arrays)) if strategy == "longest" else max_length or 0
        length = 0 if strategy == "do_not_pad" else _rounded(length, multiple)
        side = self.padding_side
        found = {self.names[0]: [_filled(one, length, self.padding_value, side) for one in arrays]}
        if masked:
            masks = [np.ones(len(array), np.int32) for array in arrays]
            found["attention_mask"] = [_filled(mask, length, 0, side) for mask in masks]
        return found

    def _masked(self, said: bool | None) -> bool:
        return bool(self.return_attention_mask if said is None else said)


def _filled(array: np.ndarray, length: int, value: float, side: str) -> np.ndarray:
    missing = max(length - len(array), 0)
    ends = (missing, 0) if side == "left" else (0, missing)
    return np.pad(array, [ends, *[(0, 0)] * (array.ndim - 1)], constant_values=value)


def _rounded(length: int, multiple: int | None) -> int:
    return -(-length // multiple) * multiple if multiple else length
