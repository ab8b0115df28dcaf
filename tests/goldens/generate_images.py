"""Writes images.json: what the image processors of Transformers 4.52.4 (the slow ones, on Pillow) make of drawn pictures.

    oracle/bin/pip install transformers==4.52.4 torch==2.13.0 pillow==13.0.0 scipy pycocotools==2.0.11
    oracle/bin/python tests/goldens/generate_images.py

Each case: `files` as on the Hub, the `class` that reads them, `images` to draw (tests/pixels.py), `options` of the call, and
`outputs`: name -> what `pixels.summary` keeps of each image's array. `saved` has the settings as Transformers saves them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from transformers.image_utils import load_image  # noqa: E402

from tests import pixels  # noqa: E402

HALF, IMAGENET = ([0.5] * 3, [0.5] * 3), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])


def old(kind: str, size: Any, statistics: Any = HALF, **more: Any) -> dict[str, Any]:
    """preprocessor_config.json as it was written until 2022."""
    normal = {"image_mean": statistics[0], "image_std": statistics[1]} if statistics else {}
    return {"do_normalize": True, "do_resize": True, "feature_extractor_type": kind, "size": size, **normal, **more}


def new(kind: str, size: Any, statistics: Any = HALF, **more: Any) -> dict[str, Any]:
    """preprocessor_config.json as it is written since."""
    found = old("", size, statistics, do_rescale=True, rescale_factor=0.00392156862745098, image_processor_type=kind, **more)
    del found["feature_extractor_type"]
    return found


def square(edge: int) -> dict[str, int]:
    return {"height": edge, "width": edge}


FILES = {  # as published by the checkpoints of these names; larger sizes are made smaller by some cases
    "vit-base-patch16-224": old("", 224) | {"feature_extractor_type": "ViTFeatureExtractor"},
    "vit-nameless": {"do_normalize": True, "do_resize": True, "size": 224, "model_type": "vit"},
    "swin-tiny-patch4-window7-224": old("ViTFeatureExtractor", 224, IMAGENET, resample=3),
    "vit-mae-base": old("ViTFeatureExtractor", 224, IMAGENET, resample=3),
    "deit-base-distilled-patch16-224": old(
        "DeiTFeatureExtractor", 256, IMAGENET, resample=3, crop_size=224, do_center_crop=True
    ),
    "beit-base-patch16-224": old("BeitFeatureExtractor", 224, resample=2, crop_size=224, do_center_crop=False),
    "beit-base-finetuned-ade-640-640": old(
        "BeitFeatureExtractor", 640, resample=2, crop_size=640, do_center_crop=False, reduce_labels=True
    ),
    "dinov2-base": new(
        "BitImageProcessor", {"shortest_edge": 256}, IMAGENET, resample=3, crop_size=square(224), do_center_crop=True,
        do_convert_rgb=True,
    ),
    "convnext-tiny-224": old("ConvNextFeatureExtractor", 224, IMAGENET, crop_pct=0.875, resample=3),
    "convnext-base-384": new("ConvNextImageProcessor", {"shortest_edge": 384}, IMAGENET, crop_pct=None, resample=3),
    "resnet-50": old("ConvNextFeatureExtractor", 224, IMAGENET, crop_pct=0.875, resample=3),
    "regnet-y-040": old("ConvNextFeatureExtractor", 224, IMAGENET, crop_pct=0.875, resample=3),
    "segformer-b0-finetuned-ade-512-512": old("SegformerFeatureExtractor", 512, IMAGENET, resample=2, reduce_labels=True),
    "mobilevit-small": old(
        "MobileViTFeatureExtractor", 288, None, crop_size=256, do_center_crop=True, do_flip_channel_order=True, resample=2
    ),
    "deeplabv3-mobilevit-small": new(
        "MobileViTImageProcessor", {"shortest_edge": 544}, None, crop_size=square(512), do_center_crop=True,
        do_flip_channel_order=True, resample=2,
    ),
    "detr-resnet-50": old("DetrFeatureExtractor", 800, IMAGENET, format="coco_detection", max_size=1333),
    "detr-resnet-50-panoptic": old("DetrFeatureExtractor", 800, IMAGENET, format="coco_panoptic", max_size=1333),
    "clip-vit-base-patch32": old("CLIPFeatureExtractor", 224, CLIP, crop_size=224, do_center_crop=True, resample=3),
    "siglip-base-patch16-224": new("SiglipImageProcessor", square(224), resample=3, processor_class="SiglipProcessor"),
    "blip-image-captioning-base": new(
        "BlipImageProcessor", square(384), CLIP, resample=3, do_pad=True, size_divisor=None, processor_class="BlipProcessor"
    ),
    "llava-1.5-7b-hf": new(
        "CLIPImageProcessor", {"shortest_edge": 336}, CLIP, resample=3, crop_size=square(336), do_center_crop=True,
        do_convert_rgb=True, processor_class="LlavaProcessor",
    ),
    "llava-padded": new(
        "LlavaImageProcessor", {"shortest_edge": 64}, CLIP, resample=3, crop_size=square(64), do_center_crop=True,
        do_convert_rgb=True, do_pad=True,
    ),
    "vilt-b32-finetuned-vqa": old(
        "ViltFeatureExtractor", 384, resample=3, size_divisor=32, pad_and_return_pixel_mask=True
    ),
}  # fmt: skip

SMALL_DETR = {"size": {"shortest_edge": 60, "longest_edge": 100}}
SMALL_VILT = {"size": {"shortest_edge": 96}}
SIZES = [[37, 53], [240, 131]]
POLYGONS = [[[3.2, 4.1, 30.5, 8.0, 21.0, 33.3]], [[10, 5, 40, 5, 40, 30, 10, 30], [1, 1, 6, 1, 6.5, 9, 2, 7.25]]]
DETECTION = [
    {
        "image_id": 7,
        "annotations": [
            {"bbox": [3, 4, 27.3, 29.2], "category_id": 5, "area": 400.5, "iscrowd": 0, "segmentation": POLYGONS[0]},
            {"bbox": [1, 1, 60, 29], "category_id": 2, "area": 900, "segmentation": POLYGONS[1]},
            {"bbox": [5, 5, 0, 10], "category_id": 1, "area": 3, "iscrowd": 0, "segmentation": POLYGONS[0]},
            {"bbox": [5, 5, 9, 10], "category_id": 9, "area": 90, "iscrowd": 1, "segmentation": POLYGONS[0]},
        ],
    },
    {"image_id": 8, "annotations": []},
]
SEGMENTS = [
    {"id": 3, "category_id": 4, "iscrowd": 0, "area": 100},
    {"id": 300, "category_id": 6, "iscrowd": 1, "area": 50.5},
    {"id": 70000, "category_id": 1, "iscrowd": 0, "area": 1},
]
PANOPTIC = [{"image_id": 9, "file_name": "panoptic.png", "segments_info": SEGMENTS}]


def cases() -> list[dict[str, Any]]:
    """The calls, before Transformers has answered."""
    found = []
    for name in FILES:
        options: dict[str, Any] = {"detr": SMALL_DETR, "vilt": SMALL_VILT}.get(name[:4], {})
        found.append({"files": name, "sizes": SIZES, "options": options})
    for name in ("vit-base-patch16-224", "clip-vit-base-patch32", "convnext-tiny-224", "mobilevit-small"):
        small = {"vit": {"size": 64}, "cli": {"size": 70, "crop_size": 64}, "con": {"size": 40}, "mob": {"size": 40}}[name[:3]]
        found += [
            {"files": name, "sizes": SIZES, "options": {"do_resize": False, **small}, "alone": True},
            {"files": name, "sizes": SIZES, "options": {"do_rescale": False, **small}},
            {"files": name, "sizes": SIZES, "options": {"data_format": "channels_last", **small}},
            {"files": name, "sizes": SIZES, "as": "first", "options": small},
            {"files": name, "sizes": [[40, 50]] * 2, "as": "batch", "options": {"input_data_format": "channels_last", **small}},
            {"files": name, "sizes": SIZES, "as": "shares", "options": {"do_rescale": False, **small}},
            {"files": name, "sizes": [[2, 9], [9, 2]], "options": small},
        ]
        if name != "mobilevit-small":
            found.append({"files": name, "sizes": SIZES, "options": {"do_normalize": False, **small}})
    for filter in range(6):
        found.append({"files": "vit-base-patch16-224", "sizes": SIZES, "options": {"size": 50, "resample": filter}})
    for mode in ("L", "P", "RGBA", "CMYK", "1", "LA", "I;16"):
        one = {"sizes": SIZES[:1], "mode": mode}
        found.append({"files": "clip-vit-base-patch32", **one, "options": {"size": 64, "crop_size": 60}})
        found.append({"files": "vit-base-patch16-224", **one, "as": "file", "options": {"size": 64}})
    for turned in range(2, 9):
        case = {"files": "vit-base-patch16-224", "sizes": SIZES[:1], "as": "file", "options": {"size": [30, 40]}}
        found.append(case | {"orientation": turned})
    found.append({"files": "mobilevit-small", "sizes": [[80, 40]], "options": {"size": 40, "crop_size": 60}})
    for name, options in (
        ("segformer-b0-finetuned-ade-512-512", {"size": 64}),
        ("segformer-b0-finetuned-ade-512-512", {"size": 64, "do_reduce_labels": False}),
        ("beit-base-finetuned-ade-640-640", {"size": 64}),
        ("beit-base-finetuned-ade-640-640", {"size": 64, "crop_size": 50, "do_center_crop": True, "resample": 0}),
        ("deeplabv3-mobilevit-small", {"size": {"shortest_edge": 64}, "crop_size": 60}),
    ):
        found.append({"files": name, "sizes": SIZES, "maps": True, "options": options})
    wide = [[60, 300], [300, 60]]
    for name in ("detr-resnet-50", "vilt-b32-finetuned-vqa"):
        small = SMALL_DETR if name.startswith("detr") else SMALL_VILT
        found += [
            {"files": name, "sizes": wide, "options": small},
            {"files": name, "sizes": SIZES[:1], "options": {**small, "do_pad": False}},
        ]
    two, one, edges = {"sizes": SIZES}, {"sizes": SIZES[:1]}, {"shortest_edge": 100, "longest_edge": 100}
    with_masks = SMALL_DETR | {"return_segmentation_masks": True}
    large = {"pad_size": square(120)}
    for case in (
        {**two, "options": {"size": {"max_height": 50, "max_width": 90}}},
        {**two, "options": SMALL_DETR | large},
        {"sizes": [[99, 100], [100, 99], [60, 60]], "options": {"size": edges}},
        {"sizes": [[50, 101]], "options": {"size": {"shortest_edge": 75, "longest_edge": 100}}},
        {**two, "options": SMALL_DETR, "annotations": DETECTION},
        {**one, "options": with_masks | {"do_pad": False}, "annotations": DETECTION[:1], "alone": True},
        {**one, "options": with_masks | large | {"do_convert_annotations": False}, "annotations": DETECTION[:1]},
    ):
        found.append({"files": "detr-resnet-50", **case})
    found.append({"files": "detr-resnet-50-panoptic", **one, "options": SMALL_DETR, "annotations": PANOPTIC})
    return found


def answer(case: dict[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Transformers makes of a case, and the settings as it saves them."""
    files = dict(FILES[case["files"]])
    model_type = files.pop("model_type", None)
    (folder / "preprocessor_config.json").write_text(json.dumps(files))
    (folder / "config.json").write_text(json.dumps({"model_type": model_type or "vit"}))
    processor = transformers.AutoImageProcessor.from_pretrained(folder, use_fast=False)
    inputs = pixels.inputs(case, folder)
    if case.get("as") == "file":
        inputs["images"] = [load_image(str(path)) for path in inputs["images"]]
    found = processor(**inputs)
    outputs: dict[str, Any] = {}
    for name, values in found.items():
        if name == "labels" and "annotations" in case:
            outputs[name] = [{key: pixels.summary(value) for key, value in target.items()} for target in values]
        else:
            outputs[name] = [pixels.summary(value, exactly=True) for value in values]
    processor.save_pretrained(folder)
    saved = json.loads((folder / "preprocessor_config.json").read_text())
    return {**case, "class": type(processor).__name__, "outputs": outputs}, saved


class Outputs:
    """Scores as a model would return them."""

    def __init__(self, **tensors: Any) -> None:
        self.__dict__ |= {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}


def results() -> list[dict[str, Any]]:
    """What is read from scores."""
    found = []

    def add(kind: str, method: str, tensors: dict[str, Any], **options: Any) -> None:
        reader = getattr(getattr(transformers, kind)(), method)
        parts = [one if isinstance(one, dict) else {"": one} for one in reader(Outputs(**tensors), **options)]
        outputs = [{key: one if key == "segments_info" else pixels.summary(one) for key, one in part.items()} for part in parts]
        shapes = {name: list(value.shape) for name, value in tensors.items()}
        found.append({"class": kind, "method": method, "options": options, "shapes": shapes, "outputs": outputs})

    for kind, classes in (("SegformerImageProcessor", 5), ("BeitImageProcessor", 3), ("MobileViTImageProcessor", 4)):
        for sizes in (None, [[13, 17], [6, 40]]):
            logits = pixels.scores({"logits": [2, classes, 6, 9]})
            add(kind, "post_process_semantic_segmentation", logits, target_sizes=sizes)
    tensors = pixels.scores({"logits": [2, 12, 8], "pred_boxes": [2, 12, 4], "pred_masks": [2, 12, 7, 9]})
    many = {"threshold": 0.3, "mask_threshold": 0.2, "overlap_mask_area_threshold": 0.1}
    for sizes in (None, [[30, 40], [21, 63]]):
        for method, options in (
            ("object_detection", {"threshold": 0.3}),
            ("object_detection", {}),
            ("semantic_segmentation", {}),
            ("instance_segmentation", many),
            ("panoptic_segmentation", many),
            ("panoptic_segmentation", {"threshold": 0.999}),
        ):
            add("DetrImageProcessor", f"post_process_{method}", tensors, target_sizes=sizes, **options)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        answered = [answer(case, Path(folder)) for case in cases()]
    content: dict[str, Any] = {"transformers": transformers.__version__, "files": FILES}
    write("images.json", content | {"cases": [case for case, _ in answered]})
    write("images_later.json", {"saved": {case["files"]: saved for case, saved in answered}, "results": results()})


def write(file: str, content: dict[str, Any]) -> None:
    """A golden, each element of a list on a line."""
    parts = []
    for name, value in content.items():
        lines = ",\n".join(map(json.dumps, value)) if isinstance(value, list) else ""
        parts.append(f"{json.dumps(name)}: " + (f"[\n{lines}\n]" if lines else json.dumps(value)))
    (HERE / file).write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
