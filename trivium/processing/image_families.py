"""The kinds of image processors: what each sets by default, and the steps that it takes, as data.

A kind is named as in Transformers, whose values these are; several architectures share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import steps

_BILINEAR, _BICUBIC = 2, 3  # Pillow's numbers
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))

Step = tuple[str, Callable[..., Any]]
"""The switch among the settings, and what is done where it is set."""


@dataclass(frozen=True)
class Family:
    """A kind of image processor.

    Attributes:
        defaults: Setting -> its value where a file has none.
        steps: In their order.
        square: Whether one number for `size` means a square; otherwise it is that of the shortest edge.
        maps: The filter for label maps, which the kind takes beside images: "nearest", "own" for that of images; or "".
        pads: Whether images of a batch are padded to one size, with a pixel_mask.
        results: What its results are read with: "semantic", "detection" or "".
    """

    defaults: Mapping[str, Any]
    steps: tuple[Step, ...]
    square: bool = True
    maps: str = ""
    pads: bool = False
    results: str = ""
    names: tuple[str, ...] = field(default=("pixel_values",))


def _square(edge: int) -> dict[str, int]:
    return {"height": edge, "width": edge}


def _settings(size: Mapping[str, int], resample: int, statistics: Any = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"do_resize": True, "size": dict(size), "resample": resample}
    found |= {"do_rescale": True, "rescale_factor": 1 / 255}
    if statistics:
        found |= {"do_normalize": True, "image_mean": list(statistics[0]), "image_std": list(statistics[1])}
    return found | more


_EXACTLY = ("do_resize", steps.resizing(steps.exactly))
_SHORTEST = ("do_resize", steps.resizing(steps.by_shortest_edge))
_CROP = ("do_center_crop", steps.crop)
_RESCALE = ("do_rescale", steps.rescale)
_VALUES = (_RESCALE, ("do_normalize", steps.normalize))
_CROPPED: dict[str, Any] = {"do_center_crop": True, "crop_size": _square(224)}
_CLIPPED = _settings({"shortest_edge": 224}, _BICUBIC, _CLIP, **_CROPPED, do_convert_rgb=True)
_SEMANTIC: dict[str, Any] = {"maps": "nearest", "results": "semantic"}

FAMILIES: dict[str, Family] = {
    "ViTImageProcessor": Family(_settings(_square(224), _BILINEAR, _HALF, do_convert_rgb=None), (_EXACTLY, *_VALUES)),
    "DeiTImageProcessor": Family(_settings(_square(256), _BICUBIC, _HALF, **_CROPPED), (_EXACTLY, _CROP, *_VALUES)),
    "BeitImageProcessor": Family(
        _settings(_square(256), _BICUBIC, _HALF, **_CROPPED, do_reduce_labels=False), (_EXACTLY, _CROP, *_VALUES),
        maps="own", results="semantic",
    ),
    "BitImageProcessor": Family(_CLIPPED, (_SHORTEST, _CROP, *_VALUES), square=False),
    "CLIPImageProcessor": Family(_CLIPPED, (_SHORTEST, _CROP, *_VALUES), square=False),
    "LlavaImageProcessor": Family(
        {**_CLIPPED, "do_pad": False}, (("do_pad", steps.pad_to_square), _SHORTEST, _CROP, *_VALUES), square=False
    ),
    "SiglipImageProcessor": Family(_settings(_square(224), _BICUBIC, _HALF, do_convert_rgb=None), (_EXACTLY, *_VALUES)),
    "BlipImageProcessor": Family(_settings(_square(384), _BICUBIC, _CLIP, do_convert_rgb=True), (_EXACTLY, *_VALUES)),
    "ConvNextImageProcessor": Family(
        _settings({"shortest_edge": 384}, _BILINEAR, _HALF, crop_pct=224 / 256),
        (("do_resize", steps.resize_and_crop), *_VALUES), square=False,
    ),
    "SegformerImageProcessor": Family(
        _settings(_square(512), _BILINEAR, _IMAGENET, do_reduce_labels=False), (_EXACTLY, *_VALUES), **_SEMANTIC
    ),
    "MobileViTImageProcessor": Family(
        _settings({"shortest_edge": 224}, _BILINEAR, do_center_crop=True, crop_size=_square(256), do_flip_channel_order=True),
        (_SHORTEST, _RESCALE, _CROP, ("do_flip_channel_order", steps.flip_channels)), square=False, **_SEMANTIC,
    ),
    "DetrImageProcessor": Family(
        _settings(
            {"shortest_edge": 800, "longest_edge": 1333}, _BILINEAR, _IMAGENET,
            do_pad=True, pad_size=None, format="coco_detection", do_convert_annotations=None,
        ),
        (("do_resize", steps.resizing(steps.within_edges)), *_VALUES), square=False, pads=True, results="detection",
        names=("pixel_values", "pixel_mask"),
    ),
    "ViltImageProcessor": Family(
        _settings({"shortest_edge": 384}, _BICUBIC, _HALF, size_divisor=32, do_pad=True),
        (("do_resize", steps.resizing(steps.in_patches)), *_VALUES), square=False, pads=True,
    ),
}  # fmt: skip

ALIASES = {"reduce_labels": "do_reduce_labels", "pad_and_return_pixel_mask": "do_pad"}
"""What older files call a setting -> its name."""
