"""Image processors: pictures become `pixel_values`, as the checkpoint's files say."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from trivium.core.errors import ProcessorError
from trivium.core.names import nearest
from trivium.core.pretrained import require

from . import coco, detection, segmentation, settings, steps
from .batch import BatchFeature, as_array
from .image_families import ALIASES, FAMILIES, Family
from .pictures import FIRST, LAST, channel_order, pictures, size_of, to_array
from .preprocessor import Preprocessor

logger = logging.getLogger("trivium")

_CALL = ("return_tensors", "data_format", "input_data_format")
_ANNOTATED = ("annotations", "return_segmentation_masks", "masks_path")


class ImageProcessor(Preprocessor):
    """Makes a model's `pixel_values` of images; its settings are attributes with Transformers' names.

    Each kind in `FAMILIES` is a subclass with the same name as in Transformers: `trivium.processing.CLIPImageProcessor`.

    Args:
        **values: Settings; those left out have the kind's defaults. Older spellings are understood.

    Raises:
        ProcessorError: A setting has a value that is not valid.
        BackendMissing: Pillow is not installed.
    """

    part, old, beside = "image_processor", ALIASES, ("max_size", "use_square_size")
    family: ClassVar[Family]

    def __init__(self, **values: Any):
        require("PIL", "vision")
        super().__init__(**values)
        if self.settings.get("do_convert_annotations", ...) is None:  # boxes become shares where pixels are normalised
            self.settings["do_convert_annotations"] = self.settings["do_normalize"]

    def _read(self, values: dict[str, Any]) -> dict[str, Any]:
        longest, square = values.pop("max_size", None), values.pop("use_square_size", False)
        values = super()._read(values)
        if self.family.pads and "longest_edge" in self.family.defaults["size"] and not isinstance(values.get("size"), Mapping):
            longest = longest or 1333
        if "size" in values:
            values["size"] = settings.size_dict(values["size"], self.family.square, longest=longest)
            if square and "shortest_edge" in values["size"]:
                values["size"] = settings.size_dict(values["size"]["shortest_edge"], square=True)
        if "crop_size" in values:
            values["crop_size"] = settings.size_dict(values["crop_size"], square=True, name="crop_size")
        return values

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        for name, value in values.items():
            if name.startswith("do_"):
                settings.switch(value, name)
            elif name == "resample":
                settings.whole(value, name, least=0, most=5)
            elif name == "size_divisor":
                settings.whole(value, name)
            elif name in ("rescale_factor", "crop_pct"):
                settings.number(value, name)
            elif name in ("image_mean", "image_std"):
                for part in value if isinstance(value, (list, tuple)) else [value]:
                    if settings.number(part, name) == 0 and name == "image_std":
                        raise ProcessorError("image_std has a zero, by which nothing can be divided", key=name)
            elif name == "pad_size" and value is not None:
                values[name] = settings.size_dict(value, square=True, name=name)
            elif name == "format" and value not in coco.FORMATS:
                raise ProcessorError(f"format = {value!r} is none of: {', '.join(coco.FORMATS)}", key=name)
        if not values.get("crop_pct", 1) > 0:
            raise ProcessorError(f"crop_pct = {values['crop_pct']} is not above zero", key="crop_pct")
        return values

    @property
    def model_input_names(self) -> list[str]:
        """The names of what it returns."""
        return list(self.family.names)

    @property
    def options(self) -> frozenset[str]:
        """The names of all that a call takes beside the images."""
        maps = ("segmentation_maps",) if self.family.maps else ()
        annotated = _ANNOTATED if self.family.results == "detection" else ()
        return frozenset({*self.family.defaults, *ALIASES, *_CALL, *maps, *annotated})

    def __call__(self, images: Any, segmentation_maps: Any = None, annotations: Any = None, **options: Any) -> BatchFeature:
        """Prepares images for a model.

        Args:
            images: One image or several: paths, bytes, Pillow's images, or arrays of any framework, (H, W, C) or (C, H, W).
            segmentation_maps: One map of labels (H, W) for each image; for kinds that have `maps`.
            annotations: DETR's: one for each image, in COCO's form for detection or panoptic segmentation.
            **options: Settings for this call alone; return_tensors ("pt", "tf", "jax", "np"), data_format and
                input_data_format ("channels_first", "channels_last"); DETR's return_segmentation_masks and masks_path.

        Returns:
            pixel_values: (B, C, H, W), or a list of such if return_tensors is not given; with pixel_mask (B, H, W) where
            images are padded, and labels for maps and annotations.

        Raises:
            ProcessorError: An image or an option is not valid.
            NotFound, LimitExceeded, Unsafe: A file is not there, or not one to decode.
        """
        for name, value in (("segmentation_maps", segmentation_maps), ("annotations", annotations)):
            if value is not None and name not in self.options:
                raise ProcessorError(f"{type(self).__name__} takes no {name}", key=name)
        values, call = self._call_settings(options)
        found = pictures(images, self._channels(values), call["input_data_format"])
        self._warn_of_shares(found, values)
        arrays = [self._run(picture, values) for picture in found]
        targets = None if annotations is None else self._targets(annotations, found, arrays, values, call)
        masks = None
        if self.family.pads and values["do_pad"]:
            arrays, masks, targets = self._pad(arrays, targets, values)
        elif targets is not None and values["do_convert_annotations"]:
            targets = [coco.normalized(target, size_of(array)) for target, array in zip(targets, arrays, strict=True)]
        data: dict[str, Any] = {"pixel_values": [self._ordered(array, call["data_format"]) for array in arrays]}
        if masks is not None:
            data["pixel_mask"] = masks
        if segmentation_maps is not None:
            data["labels"] = self._maps(segmentation_maps, values)
        batch = BatchFeature(data, call["return_tensors"])
        if targets is not None:
            batch["labels"] = [BatchFeature(target, call["return_tensors"]) for target in targets]
        return batch

    preprocess = __call__

    def _call_settings(self, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        call: dict[str, Any] = dict.fromkeys((*_CALL, *_ANNOTATED)) | {"data_format": FIRST}
        given: dict[str, Any] = {}
        for name, value in options.items():
            name = ALIASES.get(name, name)
            if name in call and name in self.options:
                call[name] = value
            elif name in self.settings:
                given[name] = value
            else:
                known = sorted(self.options)
                raise ProcessorError(f"{type(self).__name__} has no option {name!r}", key=name, hint=nearest(name, known))
        for name in ("data_format", "input_data_format"):
            call[name] = getattr(call[name], "value", call[name])  # Transformers' enumeration has these as values
            if call[name] not in (None, FIRST, LAST):
                raise ProcessorError(f"{name} = {call[name]!r} is neither {FIRST} nor {LAST}", key=name)
        return (self._checked({**self.settings, **self._read(given)}) if given else self.settings), call

    def _channels(self, values: Mapping[str, Any]) -> int | None:
        """How many channels Pillow's images are given: those that there are means for."""
        convert, mean = values.get("do_convert_rgb"), values.get("image_mean")
        if convert is False:
            return None
        return 1 if convert is None and isinstance(mean, (list, tuple)) and len(mean) == 1 else 3

    def _warn_of_shares(self, found: list[Any], values: Mapping[str, Any]) -> None:
        first = found[0]
        if not values["do_rescale"] or not isinstance(first, np.ndarray) or first.dtype == np.uint8:
            return
        if first.size and first.min() >= 0 and first.max() <= 1:
            logger.warning("the image's values are between 0 and 1 already; do_rescale=False leaves them so")

    def _run(self, picture: Any, values: Mapping[str, Any]) -> np.ndarray:
        """A picture after all steps, (H, W, C)."""
        todo = [step for switch, step in self.family.steps if values.get(switch)]
        while todo:
            step = todo.pop(0)
            if step not in _POINTWISE:
                picture = step(picture, values)
                continue
            together = [step]  # one look-up for both
            while todo and todo[0] in _POINTWISE:
                together.append(todo.pop(0))
            picture = steps.pointwise(to_array(picture), values, functools.partial(_in_turn, together))
        return to_array(picture)

    def _pad(self, arrays: list[np.ndarray], targets: list[Any] | None, values: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Images of one size, masks of what of them is image, and targets that fit."""
        pad = values.get("pad_size")
        size = (pad["height"], pad["width"]) if pad else steps.common_size(arrays)
        masks = [steps.padded(np.ones(array.shape[:2], np.int64), size) for array in arrays]
        if targets is not None:
            targets = [coco.normalized(target, size) if values["do_convert_annotations"] else target for target in targets]
            targets = [coco.padded(target, size) for target in targets]
        return [steps.padded(array, size) for array in arrays], masks, targets

    @staticmethod
    def _ordered(array: np.ndarray, order: str | None) -> np.ndarray:
        return np.ascontiguousarray(array.transpose(2, 0, 1) if order != LAST else array)

    def _targets(
        self, annotations: Any, found: list[Any], arrays: list[np.ndarray], values: Mapping[str, Any], call: Mapping[str, Any]
    ) -> list[coco.Target]:
        """What is learnt from annotations, resized like their images."""
        annotations = [annotations] if isinstance(annotations, Mapping) else list(annotations)
        if len(annotations) != len(found):
            raise ProcessorError(f"{len(found)} images, but {len(annotations)} annotations", key="annotations")
        how = values["format"], call["return_segmentation_masks"], call["masks_path"]
        targets = [coco.prepared(one, picture, *how) for one, picture in zip(annotations, found, strict=True)]
        return [coco.resized(target, size_of(array)) for target, array in zip(targets, arrays, strict=True)]

    def _maps(self, maps: Any, values: Mapping[str, Any]) -> list[np.ndarray]:
        """Maps of labels (H, W), resized and cropped like the images."""
        whole = isinstance(maps, (list, tuple)) or (not hasattr(maps, "mode") and as_array(maps).ndim == 3)
        values = {**values, "resample": values["resample"] if self.family.maps == "own" else steps.NEAREST}
        found = []
        for one in maps if whole else [maps]:
            array = as_array(one)
            if array.dtype.kind not in "buif" or array.ndim not in (2, 3):
                raise ProcessorError(
                    f"a map of labels of shape {array.shape} and dtype {array.dtype}", key="segmentation_maps",
                    hint="give arrays (H, W) of whole numbers, or Pillow's images of mode L or P",
                )  # fmt: skip
            if array.ndim == 3:
                array = array[0] if channel_order(array, (1,)) == FIRST else array[..., 0]
            array = segmentation.reduced(array) if values.get("do_reduce_labels") else array
            picture: Any = array[..., None]
            for switch, step in self.family.steps:
                if values.get(switch) and step not in _POINTWISE and step is not steps.flip_channels:
                    picture = step(picture, values)
            found.append(to_array(picture)[..., 0].astype(np.int64))
        return found


_POINTWISE = (steps.rescale, steps.normalize)
_RESULTS: dict[str, tuple[Any, ...]] = {"semantic": (segmentation.Semantic,), "detection": (detection.Detection,), "": ()}


def _in_turn(together: list[Any], array: np.ndarray, values: Mapping[str, Any]) -> np.ndarray:
    for step in together:
        array = step(array, values)
    return array


def image_processor_class(name: str) -> type[ImageProcessor]:
    """The class of a kind, by the name in Transformers; those of old ("...FeatureExtractor") and "...Fast" are understood.

    Raises:
        ProcessorError: There is none; the nearest are offered.
    """
    name = todays_name(name)
    settings.named(name, FAMILIES, "image processor")
    return _class(name)


def todays_name(name: str) -> str:
    """What a class of image processors is called today."""
    return name.removesuffix("Fast").replace("FeatureExtractor", "ImageProcessor")


@functools.cache
def _class(name: str) -> type[ImageProcessor]:
    family = FAMILIES[name]
    space = {"family": family, "defaults": family.defaults, "__doc__": f"{ImageProcessor.__doc__}", "__module__": __name__}
    return type(name, (*_RESULTS[family.results], ImageProcessor), space)
