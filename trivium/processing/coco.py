"""COCO's annotations, as DETR is trained with them: boxes, classes and masks that follow their image through every step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.core.errors import ProcessorError, Unsafe

from . import steps
from .batch import as_array
from .pictures import read_image, size_of
from .polygons import polygon_mask

if TYPE_CHECKING:
    from .pictures import Picture

FORMATS = ("coco_detection", "coco_panoptic")
_EMPTY = 1e8  # where Transformers begins the box of a mask with no pixel

Target = dict[str, Any]


def prepared(
    annotation: Any, picture: Picture, format: str, with_masks: bool | None = None, folder: str | Path | None = None
) -> Target:
    """What a model learns from an annotation, in pixels of its image.

    Args:
        annotation: {"image_id", "annotations"} for detection; {"image_id", "file_name", "segments_info"} for panoptic.
        picture: Its image.
        format: One of FORMATS.
        with_masks: Whether masks are made; if not given, for panoptic ones alone.
        folder: Where the files of panoptic segments are.

    Returns:
        class_labels (N,), boxes (N, 4) as corners x0 y0 x1 y1, area, iscrowd, image_id, orig_size, and masks (N, H, W).

    Raises:
        ProcessorError: A field is missing, or is not what it should be.
    """
    try:
        if format == "coco_detection":
            return _detection(annotation, size_of(picture), bool(with_masks))
        return _panoptic(annotation, size_of(picture), with_masks is None or with_masks, folder)
    except KeyError as error:
        raise ProcessorError(f"an annotation has no {error}", key=str(error), hint=f"format = {format!r}") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, ProcessorError):
            raise
        raise ProcessorError(f"an annotation is not as format = {format!r} has it: {error}", key="annotations") from None


def _detection(annotation: Mapping[str, Any], size: tuple[int, int], with_masks: bool) -> Target:
    objects = [one for one in annotation["annotations"] if not one.get("iscrowd", 0)]
    boxes = np.array([one["bbox"] for one in objects], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, size[1])
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, size[0])
    keep = (boxes[:, 3] > boxes[:, 1]) & (boxes[:, 2] > boxes[:, 0])
    found: Target = {
        "image_id": np.array([annotation["image_id"]], np.int64),
        "class_labels": np.array([one["category_id"] for one in objects], np.int64)[keep],
        "boxes": boxes[keep],
        "area": np.array([one["area"] for one in objects], np.float32)[keep],
        "iscrowd": np.zeros(int(keep.sum()), np.int64),
        "orig_size": np.array(size, np.int64),
    }
    if objects and "keypoints" in objects[0]:
        points = np.array([one["keypoints"] for one in objects], np.float32)[keep]
        found["keypoints"] = points.reshape(-1, 3) if len(points) else points
    if with_masks:
        masks = [polygon_mask(one["segmentation"], *size) for one in objects]
        found["masks"] = np.array(masks, bool).reshape(-1, *size)[keep]
    return found


def _panoptic(annotation: Mapping[str, Any], size: tuple[int, int], with_masks: bool, folder: str | Path | None) -> Target:
    found: Target = {
        "image_id": np.array([annotation["image_id"] if "image_id" in annotation else annotation["id"]], np.int64),
        "size": np.array(size, np.int64),
        "orig_size": np.array(size, np.int64),
    }
    colours = _segments(annotation["file_name"], folder)
    segments = annotation["segments_info"]
    ids = colours[..., 0] + 256 * colours[..., 1] + 65536 * colours[..., 2]
    masks = (ids == np.array([one["id"] for one in segments], np.int64)[:, None, None]).astype(np.uint8)
    if with_masks:
        found["masks"] = masks
    found["boxes"] = np.array([_box(mask) for mask in masks], np.float32).reshape(-1, 4)
    found["class_labels"] = np.array([one["category_id"] for one in segments], np.int64)
    found["iscrowd"] = np.array([one["iscrowd"] for one in segments], np.int64)
    found["area"] = np.array([one["area"] for one in segments], np.float32)
    return found


def _segments(name: str, folder: str | Path | None) -> np.ndarray:
    """The colours (H, W, 3) in a file of panoptic segments."""
    if folder is None:
        raise ProcessorError("panoptic annotations need the folder with their files", key="masks_path", hint="masks_path=...")
    path = (Path(folder) / name).resolve()
    if Path(folder).resolve() not in path.parents:
        raise Unsafe(f"file_name = {name!r} leads out of masks_path", path=folder, key="file_name")
    return as_array(read_image(path)).astype(np.int64)


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return _EMPTY, _EMPTY, 0, 0
    return columns.min(), rows.min(), columns.max(), rows.max()


def resized(target: Target, size: tuple[int, int]) -> Target:
    """The target of an image that has been resized to (height, width)."""
    down, across = (new / float(old) for new, old in zip(size, target["orig_size"], strict=True))
    found = {**target, "size": np.array(size, np.int64)}
    found["boxes"] = target["boxes"] * np.array([across, down, across, down], np.float32)
    found["area"] = target["area"] * (across * down)
    if "masks" in target:
        masks = [steps.resized(mask[..., None].astype(np.uint8), size, steps.NEAREST) for mask in target["masks"]]
        found["masks"] = np.array(masks, bool).reshape(-1, *size)
    return found


def normalized(target: Target, size: tuple[int, int]) -> Target:
    """The target with boxes as centre, width and height, in shares of (height, width)."""
    height, width = size
    x0, y0, x1, y1 = target["boxes"].T
    boxes = np.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], -1)
    return {**target, "boxes": (boxes / np.array([width, height, width, height], np.float32)).astype(np.float32)}


def padded(target: Target, size: tuple[int, int]) -> Target:
    """The target of an image that has been padded to (height, width)."""
    found = {**target, "size": np.array(size, np.int64)}
    if "masks" in target:
        found["masks"] = np.moveaxis(steps.padded(np.moveaxis(target["masks"], 0, -1), size), -1, 0)
    return found
