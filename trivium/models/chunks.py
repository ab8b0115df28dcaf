"""Waves cut into chunks of one length, which may overlap, and joined again.

Letters: B batch, A channels of sound, W samples of the wave, F chunks of it, L samples of a chunk.
"""

from trivium.core.errors import InputError

from . import ops


def cut(x, length, stride):  # (W, B, A) -> (F, L, B, A)
    """Chunks of `length` samples, one every `stride`.

    Raises:
        InputError: The wave is no whole number of chunks.
    """
    samples, overlap = ops.shape(x)[0], length - stride
    if isinstance(samples, int) and (samples < length or (samples - overlap) % stride):
        what = f"{samples} samples are no whole number of chunks of {length}, {stride} apart"
        raise InputError(what, key="input_values", hint="pad the wave, and say so by padding_mask")
    begin = ops.arange((samples - overlap) // stride, like=x) * stride
    return ops.take(x, begin[:, None] + ops.arange(length, like=x))


def join(x, stride, longest):  # (F, B, L, A) -> (B, W, A)
    """Chunks, one every `stride` samples, faded into one another: their mean, weighted by the distance from their ends.

    Args:
        longest: What L is at most, where tracing does not know it.

    Source: `_linear_overlap_add` in the code of Défossez and others, arXiv:2210.13438.
    """
    count, batch, length, channels = ops.shape(x)
    x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, batch, channels))  # (F L, B, A)
    samples = ops.arange((count - 1) * stride + length, like=x)  # (W,)
    total = weights = 0
    for back in range(-(-(length if isinstance(length, int) else longest) // stride)):  # all that may lie over a place
        chunk = samples // stride - back
        place = samples - chunk * stride
        there = (chunk >= 0) & (chunk < count) & (place < length)
        weight = length + 1 - abs(2 * (place + 1) - (length + 1))
        weight = ops.cast_like(ops.where(there, weight, weight * 0), x)[:, None, None]
        total = total + weight * ops.take(x, ops.where(there, chunk * length + place, place * 0))
        weights = weights + weight
    return ops.transpose(total / weights, (1, 0, 2))
