"""Distances between tokens put into buckets: one for each near distance, wider and wider ones beyond.

T5's: Raffel and others, arXiv:1910.10683, section 2.1, and the mesh_tensorflow that it was trained with. DeBERTa-v2's: He and
others, arXiv:2006.03654. Borders are rounded as in float32, in which all implementations have them: there that decides.
Letters: T tokens, S keys.
"""

import math

import numpy as np

from . import ops


def relative(x, keys, starts, both, seen=0):
    """T5's bucket of each key as a query of x (B, T, D) sees it: (T, S) int32, for S `keys`.

    Args:
        starts: The distances at which buckets begin, as `starts` says: those of one side, where there are `both`.
        both: Whether keys after the query have buckets too, as many; otherwise they are in that of distance 0.
        seen: The tokens before x.
    """
    queries = ops.arange(ops.shape(x)[1], like=x) + seen
    ahead = ops.arange(keys, like=x)[None] - queries[:, None]  # (T, S)
    distance = abs(ahead) if both else ops.maximum(-ahead, 0)
    near, *wider = starts
    found = ops.minimum(distance, near)
    for start in wider:
        found = found + ops.cast(distance >= start, "int32")
    return found + ops.cast(ahead > 0, "int32") * (near + 1 + len(wider)) if both else found


def starts(buckets, reach, both):
    """The distances at which the wider buckets begin; they grow with the logarithm, so that `reach` is in the last.

    Half of the `buckets` are for one distance each. Where there are `both` sides, each has half of all.
    """
    buckets //= 2 if both else 1
    near = buckets // 2
    distances = np.arange(near, reach + 1)
    scale = np.float32(np.log(reach / near))
    places = (np.log(distances.astype(np.float32) / np.float32(near)) / scale * np.float32(buckets - near)).astype(int)
    places = np.minimum(places, buckets - 1 - near)
    return (near, *(int(distances[places >= place][0]) for place in range(1, buckets - near)))


def signed(x, span, borders=None):
    """DeBERTa's relative position of each key from each query of x (B, T, D): (T, T) int32; `span` is distance 0.

    Args:
        span: How many there are to either side: they go from 0 to 2 span - 1.
        borders: The distances at which the wider buckets begin, as `signed_starts` says; None where no distances share one.
    """
    counted = ops.arange(ops.shape(x)[1], like=x)
    behind = counted[:, None] - counted  # (T, T)
    bucket = counted
    if borders is not None:
        bucket = ops.minimum(counted, span // 2)
        if borders:
            reached = counted[:, None] >= ops.cast(ops.constant(borders, like=counted), "int32")  # (T, borders)
            order = ops.arange(len(borders), like=x) + 1
            bucket = bucket + ops.max(ops.cast(reached, "int32") * order, -1)
    bucket = ops.take(bucket, abs(behind))
    bucket = ops.where(behind < 0, -bucket, bucket)
    return ops.minimum(ops.maximum(bucket + span, 0), 2 * span - 1)


def signed_starts(span, reach):
    """The distances at which the wider buckets begin; they grow with the logarithm, so that `reach` is in the last."""
    near = span // 2
    if near < 2 or reach - 1 <= near:
        return ()
    last = near * ((reach - 1) / near) ** ((span - near) / (near - 1))
    distances = np.arange(near + 1, math.ceil(last) + 2)
    scale = np.log(np.float32((reach - 1) / near))
    places = np.ceil(np.log(distances.astype(np.float32) / np.float32(near)) / scale * np.float32(near - 1)).astype(int)
    return tuple(int(distances[places >= place][0]) for place in range(1, span - near + 1))
