"""Reading recordings: files, bytes, and arrays of any framework; and changing their sampling rate."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.errors import LimitExceeded, NotFound, ProcessorError
from trivium.core.pretrained import require

from .batch import as_array

logger = logging.getLogger("trivium")

MAX_SECONDS = 3600
"""Longer recordings are refused; set it higher for those that you trust."""

_BLOCK = 2**18  # samples that are read at a time


def read_audio(
    source: str | Path | bytes, sampling_rate: int, mono: bool = True, max_seconds: float | None = None
) -> np.ndarray:
    """A recording at a sampling rate, float32 between -1 and 1.

    Args:
        source: A path, or the content of a file, in a format that libsndfile reads: WAV, FLAC, Ogg, MP3, ...
        sampling_rate: In hertz; the file's recording is resampled if it has another.
        mono: Whether channels are averaged.
        max_seconds: Refuse longer ones; MAX_SECONDS if not given.

    Returns:
        (samples,), or (channels, samples) if not `mono`.

    Raises:
        NotFound: There is no such file.
        LimitExceeded: It is too long.
        ProcessorError: It is no recording, or damaged.
    """
    require("soundfile", "audio")
    import soundfile

    name, content = ("bytes", io.BytesIO(source)) if isinstance(source, bytes) else (source, _path(source))
    blocks = []
    try:
        with soundfile.SoundFile(content) as file:
            rate, channels = file.samplerate, file.channels
            _check_length(file.frames, rate, name, max_seconds)
            for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
                blocks.append(block.mean(1, keepdims=True) if mono else block)
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        if isinstance(error, ProcessorError):
            raise
        raise ProcessorError(
            f"no recording, or a damaged one ({error})", path=name, hint="WAV, FLAC, Ogg and MP3 are read"
        ) from None
    found = np.concatenate(blocks) if blocks else np.zeros((0, 1 if mono else channels), np.float32)
    found = resampled(_finite(found, name).T, rate, sampling_rate)
    return found[0] if mono else found


def _path(source: str | Path) -> str:
    if str(source).startswith(("http://", "https://")):
        raise NotFound("addresses are not fetched", path=source, hint="download the file, and give its path or its bytes")
    path = Path(source).expanduser()
    if not path.is_file():
        raise NotFound("no such file", path=path)
    return str(path)


def _check_length(samples: int, rate: int, path: object, limit: float | None = None) -> None:
    limit = limit or MAX_SECONDS
    if samples > limit * rate:
        raise LimitExceeded(
            f"a recording of {samples / rate:,.0f} s; the limit is {limit:,.0f} s", path=path,
            hint="cut it into pieces, or raise trivium.processing.sounds.MAX_SECONDS",
        )  # fmt: skip


def _finite(values: np.ndarray, path: object) -> np.ndarray:
    if not np.isfinite(values).all():
        raise ProcessorError("a recording with values that are no numbers (NaN or infinity)", path=path, key="audio")
    return values


def resampled(audio: Any, before: int, after: int) -> np.ndarray:
    """A recording (..., samples) at another sampling rate, by soxr's best filter but one, as librosa's default.

    Args:
        audio: The recording.
        before: Its sampling rate in hertz.
        after: The wanted one.
    """
    values = as_array(audio)
    if before == after or not values.size:
        return values
    require("soxr", "audio")
    import soxr

    flat = values.reshape(-1, values.shape[-1]).T
    return soxr.resample(flat, before, after, quality="HQ").T.reshape(*values.shape[:-1], -1)


def recordings(audio: Any, rate: int, channels: int = 1) -> list[np.ndarray]:
    """A list of recordings, float32, of one, a list of several, or an array of several.

    Args:
        audio: Paths, bytes, or arrays or lists of numbers: (samples,); where `channels` is 2, (2, samples).
        rate: The sampling rate, at which files are read.
        channels: 1, or 2 for stereo; files are made mono for 1.

    Returns:
        Arrays (samples,) or (channels, samples).

    Raises:
        ProcessorError: Something is no recording of so many channels.
        LimitExceeded: One is too long.
    """
    several = audio
    if not isinstance(audio, (list, tuple)) or not len(audio) or isinstance(audio[0], (int, float, np.number)):
        several = [audio]
        if not isinstance(audio, (str, Path, bytes)):
            array = as_array(audio)
            several = list(array) if array.ndim == (2 if channels == 1 else 3) else [array]
    return [_recording(one, rate, channels) for one in several]


def _recording(one: Any, rate: int, channels: int) -> np.ndarray:
    if isinstance(one, (str, Path, bytes)):
        values = read_audio(one, rate, mono=channels == 1)
    else:
        values = as_array(one)
    shaped = values.ndim == 1 if channels == 1 else values.ndim == 2 and values.shape[0] == channels
    if values.dtype.kind not in "iuf" or not shaped:
        wanted = "(samples,)" if channels == 1 else f"({channels}, samples)"
        raise ProcessorError(
            f"a recording of shape {values.shape} and dtype {values.dtype}; floats of shape {wanted} are expected",
            key="audio", hint="average the channels of a stereo recording" if channels == 1 else "stack two channels",
        )  # fmt: skip
    if values.dtype.kind in "iu":
        logger.warning("a recording of whole numbers; floats between -1 and 1 are expected: divide 16 bits by 32768")
    _check_length(values.shape[-1], rate, "array")
    return _finite(values.astype(np.float32), "array")
