"""Images to labels, boxes and masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from trivium.core.errors import InputError

from . import scores
from .base import Piece, Pipeline, Result, fetched
from .results import Boxes, Masks
from .zero_shot import parsed


class ImagePipeline(Pipeline):
    """A pipeline of images: paths, addresses (http), Pillow's images or arrays."""

    needs: ClassVar[tuple[str, ...]] = ("image_processor",)

    def prepare(self, item: Any, *, timeout: float | None = None) -> Iterator[Piece]:
        yield self._piece(item, timeout)

    def _piece(self, item: Any, timeout: float | None) -> Piece:
        image = opened(item, timeout)
        found = self.image_processor(image, return_tensors="np")
        return Piece({name: found[name][0] for name in found}, {"image": image, "size": (image.height, image.width)})

    def is_one(self, inputs: Any) -> bool:
        return not isinstance(inputs, (list, tuple)) and not hasattr(inputs, "__next__")


def opened(image: Any, timeout: float | None = None) -> Any:
    """Pillow's RGB image of a path, an address, the bytes of a file, an array or one of its own.

    Raises:
        ProcessorError: It is no image.
        NotFound: There is no such file, or the address gives none.
    """
    from PIL import Image

    from trivium.processing.pictures import pictures

    if isinstance(image, str) and image.startswith(("http://", "https://")):
        image = fetched(image, timeout)
    (picture,) = pictures([image], 3)
    return Image.fromarray(picture.astype(np.uint8)) if isinstance(picture, np.ndarray) else picture


class ImageClassificationPipeline(ImagePipeline):
    """Classifies images.

    Options:
        top_k: How many labels, the best first.
        function_to_apply: "softmax", "sigmoid" or "none", if not what the config's problem type asks for.
        timeout: Seconds to wait for an address.

    Returns:
        For each image a list of {"label", "score"}.
    """

    def finish(self, results: list[Result], *, top_k: int | None = 5, function_to_apply: str | None = None) -> Any:
        found = scores.of_labels(results[0].out["logits"], self.model.config, function_to_apply)
        return scores.ranked(found, self.model.config, top_k)


class ObjectDetectionPipeline(ImagePipeline):
    """Finds objects in images.

    Options:
        threshold: Those with a lower score are left out.
        timeout: Seconds to wait for an address.

    Returns:
        For each image a list of {"score", "label", "box"}, a box {"xmin", "ymin", "xmax", "ymax"} in pixels; `.show()` and
        `.save("boxes.png")` draw them.
    """

    def finish(self, results: list[Result], *, threshold: float = 0.5) -> Any:
        about = results[0].piece.about
        out = _batched(results[0].out, "logits", "pred_boxes")
        found = self.image_processor.post_process_object_detection(out, threshold, [about["size"]])[0]
        names = ("xmin", "ymin", "xmax", "ymax")
        labels = self.model.config.id2label
        return Boxes(
            (
                {
                    "score": float(score),
                    "label": labels[int(label)],
                    "box": {n: int(e) for n, e in zip(names, box, strict=True)},
                }
                for score, label, box in zip(found["scores"], found["labels"], found["boxes"], strict=True)
            ),
            image=about["image"],
        )


class ImageSegmentationPipeline(ImagePipeline):
    """Finds what each pixel of an image belongs to.

    Options:
        subtask: "panoptic", "instance" or "semantic"; if not given, the first of them that the model can do.
        threshold: Segments with a lower score are left out.
        mask_threshold: Above it a pixel is of a mask.
        overlap_mask_area_threshold: A segment is left out if less than this share of its mask is left to it.
        timeout: Seconds to wait for an address.

    Returns:
        For each image a list of {"score", "label", "mask"}, masks as Pillow's images (mode L, 255 inside); the score is None
        for "semantic". `.show()` and `.save("masks.png")` draw them.
    """

    def finish(
        self,
        results: list[Result],
        *,
        subtask: str | None = None,
        threshold: float = 0.9,
        mask_threshold: float = 0.5,
        overlap_mask_area_threshold: float = 0.5,
    ) -> Any:
        about, out = results[0].piece.about, results[0].out
        can = [name for name in ("panoptic", "instance", "semantic") if self._reader(name)]
        if subtask is not None and subtask not in can:
            raise InputError(
                f"subtask = {subtask!r} is none that {type(self.model).__name__} does", key="subtask", hint=", ".join(can)
            )
        task = subtask or can[0]
        sizes = [about["size"]]
        if task == "semantic":
            found = self._reader(task)(_batched(out, *(name for name in ("logits", "pred_masks") if name in out)), sizes)[0]
            parts = [(None, label, found == label) for label in np.unique(found).tolist()]
        else:
            limits = threshold, mask_threshold, overlap_mask_area_threshold
            read = self._reader(task)(_batched(out, "logits", "pred_masks"), *limits, target_sizes=sizes)[0]
            parts = [(one["score"], one["label_id"], read["segmentation"] == one["id"]) for one in read["segments_info"]]
        labels = self.model.config.id2label
        return Masks(
            ({"score": score, "label": labels[int(label)], "mask": _mask(mask)} for score, label, mask in parts),
            image=about["image"],
        )

    def _reader(self, task: str) -> Any:
        return getattr(self.image_processor, f"post_process_{task}_segmentation", None)


def _batched(out: Mapping[str, np.ndarray], *names: str) -> Any:
    """Some fields of an output, with the axis of the batch."""
    return SimpleNamespace(**{name: out[name][None] for name in names})


def _mask(mask: np.ndarray) -> Any:
    from PIL import Image

    return Image.fromarray((mask * 255).astype(np.uint8))


class ZeroShotImageClassificationPipeline(Pipeline):
    """How well texts describe an image, by a model of both.

    Options:
        candidate_labels: The labels; may be the second argument.
        hypothesis_template: The text, with {} for the label.
        timeout: Seconds to wait for an address.

    Returns:
        For each image a list of {"score", "label"}, the best first.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer", "image_processor")

    def prepare(
        self,
        item: Any,
        *,
        candidate_labels: Any = (),
        hypothesis_template: str = "This is a photo of {}.",
        timeout: float | None = None,
    ) -> Iterator[Piece]:
        labels = parsed(candidate_labels)
        texts = [hypothesis_template.format(label) for label in labels]
        how: dict[str, Any] = {"padding": True}
        if "siglip" in self.model.config.model_type:
            how = {"padding": "max_length", "max_length": 64, "truncation": True}  # as it was trained
        found = dict(self.tokenizer(texts, return_tensors="np", **how))
        pixels = self.image_processor(opened(item, timeout), return_tensors="np")["pixel_values"][0]
        yield Piece({"pixel_values": pixels}, {"labels": labels, "texts": found})

    def run(self, batch: dict[str, np.ndarray], *, texts: Any = None) -> Mapping[str, Any]:
        return {"logits": self.runner({**texts, **batch}).logits_per_image}

    def _answers(self, items: Any, size: int, options: Mapping[str, Any]) -> Iterator[Any]:
        prepare, _, finish = self._split(options)
        for item in items:  # texts belong to their image: one goes through the model at once
            (piece,) = self.prepare(item, **prepare)
            out = self.run({"pixel_values": piece.inputs["pixel_values"][None]}, texts=piece.about["texts"])
            yield self.finish([Result(piece, {"logits": out["logits"][0]})], **finish)

    def finish(self, results: list[Result]) -> list[dict[str, Any]]:
        logits, labels = results[0].out["logits"], results[0].piece.about["labels"]
        found = scores.sigmoid(logits) if "siglip" in self.model.config.model_type else scores.softmax(logits)
        return [{"score": float(found[i]), "label": labels[i]} for i in np.argsort(-found, kind="stable")]

    def is_one(self, inputs: Any) -> bool:
        return ImagePipeline.is_one(self, inputs)  # type: ignore[arg-type]

    def __call__(self, inputs: Any, candidate_labels: Any = None, **options: Any) -> Any:
        if candidate_labels is not None:
            options["candidate_labels"] = candidate_labels
        return super().__call__(inputs, **options)
