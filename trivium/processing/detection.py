"""What DETR found: boxes, and segments of several kinds, of a model's outputs in any framework."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from .batch import as_array, kind_of, tensor
from .segmentation import best, enlarged, sizes


class Detection:
    """The results of processors whose models have `logits` (B, N, labels + 1), `pred_boxes` (B, N, 4) and `pred_masks`."""

    def post_process_object_detection(
        self, outputs: Any, threshold: float = 0.5, target_sizes: Any = None
    ) -> list[dict[str, Any]]:
        """The objects of each image.

        Args:
            outputs: With `logits` and `pred_boxes`.
            threshold: Those with a lower score are left out.
            target_sizes: (height, width) of each image; without them boxes are shares of it.

        Returns:
            For each image "scores" (N,), "labels" (N,) and "boxes" (N, 4) as corners x0 y0 x1 y1, tensors of the outputs'
            framework.
        """
        kind, chances = kind_of(outputs.logits), softmax(as_array(outputs.logits))[..., :-1]
        wanted = sizes(target_sizes, len(chances))
        x, y, width, height = np.moveaxis(as_array(outputs.pred_boxes), -1, 0)
        boxes = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], -1)
        if wanted is not None:
            boxes = boxes * np.array([(across, down, across, down) for down, across in wanted], boxes.dtype)[:, None]
        found = []
        for score, label, box in zip(chances.max(-1), chances.argmax(-1), boxes, strict=True):
            keep = score > threshold
            parts = {"scores": score[keep], "labels": label[keep], "boxes": box[keep]}
            found.append({name: tensor(value, kind) for name, value in parts.items()})
        return found

    def post_process_semantic_segmentation(self, outputs: Any, target_sizes: Any = None) -> list[Any]:
        """The label of each pixel, of every object's mask weighed with its labels; one map (H, W) for each image."""
        chances = softmax(as_array(outputs.logits))[..., :-1]
        scores = np.einsum("bqc,bqhw->bchw", chances, _sigmoid(as_array(outputs.pred_masks)), optimize=True)
        return best(scores, target_sizes, kind_of(outputs.logits))

    def post_process_instance_segmentation(
        self, outputs: Any, threshold: float = 0.5, mask_threshold: float = 0.5, overlap_mask_area_threshold: float = 0.8,
        target_sizes: Any = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """As `post_process_panoptic_segmentation`, with no segments made one."""
        limits = threshold, mask_threshold, overlap_mask_area_threshold
        return self.post_process_panoptic_segmentation(outputs, *limits, (), target_sizes)

    def post_process_panoptic_segmentation(
        self, outputs: Any, threshold: float = 0.5, mask_threshold: float = 0.5, overlap_mask_area_threshold: float = 0.8,
        label_ids_to_fuse: Collection[int] | None = None, target_sizes: Any = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The segments of each image, each pixel in at most one.

        Args:
            outputs: With `logits` and `pred_masks`, (B, N, h, w).
            threshold: Objects with a lower score are left out.
            mask_threshold: Above it a pixel is of a mask.
            overlap_mask_area_threshold: A segment is left out if less than this share of its mask is left to it.
            label_ids_to_fuse: Labels of which an image has one segment at most, such as sky.
            target_sizes: (height, width) of each image.

        Returns:
            For each image "segmentation" (H, W), the segment's id at each pixel, 0 where there is none (all -1 if there is
            no segment), and "segments_info": dictionaries with id, label_id, was_fused and score. Unlike in Transformers 4
            no two segments have the same id after some were made one.
        """
        logits, masks, kind = as_array(outputs.logits), _sigmoid(as_array(outputs.pred_masks)), kind_of(outputs.logits)
        chances, wanted, found = softmax(logits), sizes(target_sizes, len(logits)), []
        for index, (chance, mask) in enumerate(zip(chances, masks, strict=True)):
            scores, labels = chance.max(-1), chance.argmax(-1)
            keep = (labels != logits.shape[-1] - 1) & (scores > threshold)
            size = wanted[index] if wanted is not None else mask.shape[1:]
            if not keep.any():
                found.append({"segmentation": tensor(np.full(size, -1.0, np.float32), kind), "segments_info": []})
                continue
            mask = enlarged(mask[keep], size) if wanted is not None else mask[keep]
            limits = mask_threshold, overlap_mask_area_threshold
            segmentation, info = _segments(mask, scores[keep], labels[keep], set(label_ids_to_fuse or ()), *limits)
            found.append({"segmentation": tensor(segmentation, kind), "segments_info": info})
        return found


def _segments(
    masks: np.ndarray, scores: np.ndarray, labels: np.ndarray, fused: set[int], mask_threshold: float, overlap: float
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """The id at each pixel, and what is known of each segment."""
    masks = masks * scores[:, None, None]
    owner = masks.argmax(0)
    segmentation = np.zeros(owner.shape, np.int32)
    info: list[dict[str, Any]] = []
    ids: dict[int, int] = {}  # label -> the one segment of labels that are made one
    for index, label in enumerate(labels.tolist()):
        own, whole = owner == index, int((masks[index] >= mask_threshold).sum())
        if not own.any() or not whole or own.sum() / whole <= overlap:
            continue
        number = ids.get(label) or 1 + max((one["id"] for one in info), default=0)
        segmentation[own] = number
        score = round(float(scores[index]), 6)
        info.append({"id": number, "label_id": label, "was_fused": label in fused, "score": score})
        if label in fused:
            ids[label] = number
    return segmentation, info


def softmax(logits: np.ndarray) -> np.ndarray:
    """Shares of one along the last axis."""
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.clip(-80, 80)))
