"""Maps of labels: made ready for training, and read from a model's scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trivium.core.errors import ProcessorError
from trivium.core.resampling import bilinear

from .batch import as_array, kind_of, tensor

IGNORED = 255  # the label of pixels that no loss counts


def reduced(labels: np.ndarray) -> np.ndarray:
    """Labels without the background: 0 is ignored, and the others move down by one."""
    labels = np.where(labels == 0, IGNORED, labels)
    labels = labels - 1
    return np.where(labels == IGNORED - 1, IGNORED, labels)


def enlarged(scores: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Scores (C, h, w) interpolated to (C, H, W), bilinearly between the pixels' centres."""
    down, across = (bilinear(old, int(new)).astype(scores.dtype) for old, new in zip(scores.shape[1:], size, strict=True))
    return np.einsum("Hh,chw->cHw", down, scores, optimize=True) @ across.T


def sizes(target_sizes: Any, count: int) -> list[tuple[int, int]] | None:
    """The (height, width) of each image; raises if there are not as many as images."""
    if target_sizes is None:
        return None
    found = [(int(height), int(width)) for height, width in as_array(target_sizes)]
    if len(found) != count:
        raise ProcessorError(f"{len(found)} target_sizes for {count} images", key="target_sizes")
    return found


def best(scores: np.ndarray, target_sizes: Any, kind: str) -> list[Any]:
    """The label of the highest score at each pixel: of scores (B, C, h, w) a list of maps (H, W)."""
    wanted = sizes(target_sizes, len(scores))
    if wanted is not None:
        return [tensor(enlarged(one, size).argmax(0), kind) for one, size in zip(scores, wanted, strict=True)]
    return [tensor(one.argmax(0), kind) for one in scores]


class Semantic:
    """The results of processors whose models score every label at every pixel."""

    def post_process_semantic_segmentation(self, outputs: Any, target_sizes: Any = None) -> list[Any]:
        """The label of each pixel.

        Args:
            outputs: With `logits`, (B, C, h, w), of any framework.
            target_sizes: (height, width) of each image, to which scores are enlarged first.

        Returns:
            One map (H, W) for each image, tensors of the outputs' framework.
        """
        return best(as_array(outputs.logits), target_sizes, kind_of(outputs.logits))
