"""Mel spectrograms: how strong each pitch is in each moment of a recording."""

from __future__ import annotations

import functools

import numpy as np

_BEND, _BENT = 1000.0, 15.0  # hertz and mels at which Slaney's scale turns from straight to logarithmic
_STEP = np.log(6.4) / 27.0


def _to_slaney(hertz: np.ndarray) -> np.ndarray:
    return np.where(hertz < _BEND, 3 * hertz / 200, _BENT + np.log(np.maximum(hertz, _BEND) / _BEND) / _STEP)


def _from_slaney(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < _BENT, 200 * mels / 3, _BEND * np.exp(_STEP * (mels - _BENT)))


def _to_kaldi(hertz: np.ndarray) -> np.ndarray:
    return 1127 * np.log(1 + hertz / 700)


def _triangles(places: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(places, filters): filter f rises from corner f to f + 1, and falls to f + 2."""
    distance, gaps = corners - places[:, None], np.diff(corners)
    return np.maximum(0, np.minimum(-distance[:, :-2] / gaps[:-1], distance[:, 2:] / gaps[1:]))


@functools.lru_cache(maxsize=8)
def slaney_filters(bins: int, mels: int, sampling_rate: int, highest: float = 8000.0) -> np.ndarray:
    """The filters (bins, mels) of Slaney's Auditory Toolbox and of librosa, each of area one, from 0 hertz to `highest`."""
    corners = _from_slaney(np.linspace(0, _to_slaney(np.array(highest)), mels + 2))
    places = np.linspace(0, sampling_rate // 2, bins)
    return _triangles(places, corners) * (2 / (corners[2:] - corners[:-2]))


@functools.lru_cache(maxsize=8)
def kaldi_filters(bins: int, mels: int, sampling_rate: int, lowest: float = 20.0) -> np.ndarray:
    """Kaldi's filters (bins, mels), which are triangles in mels, from `lowest` to half the sampling rate."""
    low, high = (_to_kaldi(np.array(hertz)) for hertz in (lowest, sampling_rate // 2))
    places = _to_kaldi(sampling_rate / (2 * (bins - 1)) * np.arange(bins))
    return _triangles(places, np.linspace(low, high, mels + 2))


def frames(samples: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Pieces (moments, length) of a recording, one every `hop` samples; a view."""
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]


def _power(pieces: np.ndarray, length: int) -> np.ndarray:
    """The strength (moments, length / 2 + 1) of each frequency."""
    spectrum = np.fft.rfft(pieces, length)
    return spectrum.real**2 + spectrum.imag**2


def whisper_features(samples: np.ndarray, filters: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Whisper's log-mel spectrogram (mels, moments), float32, of a recording longer than half of `length`.

    Eight powers of ten below the loudest are heard, and scaled to about -1 to 1.
    """
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    pieces = frames(np.pad(samples, length // 2, mode="reflect"), length, hop)[:-1]
    heard = np.log10(np.maximum(_power(pieces * window, length) @ filters.astype(np.float32), np.float32(1e-10)))
    heard = np.maximum(heard, heard.max(initial=-np.inf) - np.float32(8))
    return ((heard.T + 4) / 4).astype(np.float32)


def kaldi_features(samples: np.ndarray, filters: np.ndarray, length: int = 400, hop: int = 160) -> np.ndarray:
    """Kaldi's log-mel filter banks (moments, mels), float32, of a recording of at least `length` samples."""
    pieces = frames(samples.astype(np.float64), length, hop)
    pieces = pieces - pieces.mean(1, keepdims=True)
    sharper = pieces - 0.97 * np.concatenate([pieces[:, :1], pieces[:, :-1]], 1)
    power = _power(sharper * np.hanning(length), 2 * (len(filters) - 1))
    return np.log(np.maximum(power @ filters, np.finfo(np.float32).eps)).astype(np.float32)
