"""Pictures and recordings drawn from their names, the same for the goldens of Transformers as for the tests."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import drawn


def pixels(name: str, height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """An image (H, W, C): shades, edges and noise, all in whole numbers."""
    y, x = np.mgrid[:height, :width]
    noise = (drawn.bits(f"{name} {height} {width}", height * width * channels) % np.uint64(48)).astype(np.int64)
    shades = [(x * (3 + c) + y * (5 - c)) // 2 + 90 * ((x // 7 + y // 5 + c) % 2) for c in range(channels)]
    return ((np.stack(shades, -1) + noise.reshape(height, width, channels)) % 256).astype(np.uint8)


def image(name: str, height: int, width: int, mode: str = "RGB") -> Any:
    """Pillow's image of a mode."""
    from PIL import Image

    if mode == "I;16":
        return Image.fromarray(pixels(name, height, width, 1)[..., 0].astype(np.uint16) * 3)
    channels = {"L": 1, "LA": 2, "RGBA": 4, "1": 1, "P": 3, "CMYK": 4}.get(mode, 3)
    array = pixels(name, height, width, channels)
    found = Image.fromarray(array[..., 0] if channels == 1 else array, "CMYK" if mode == "CMYK" else None)
    return found if found.mode == mode else found.convert(mode)


def encoded(name: str, height: int, width: int, mode: str = "RGB", orientation: int = 1, format: str = "PNG") -> bytes:
    """The content of a file, which may say that the image is turned."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    image(name, height, width, mode).save(content, format, exif=exif)
    return content.getvalue()


def sound(name: str, samples: int, channels: int = 1) -> NDArray[np.float32]:
    """A recording (samples,) or (channels, samples): three tones of changing strength, and noise."""
    time = np.arange(samples) / 16_000
    noise = (drawn.bits(f"{name} {samples}", samples * channels) % np.uint64(2001)).astype(np.float64) / 20_000 - 0.05
    found = noise.reshape(channels, samples)
    for channel in range(channels):
        for number, hertz in enumerate((220, 1700, 5200)):
            strength = 0.25 * (1 + np.sin(2 * np.pi * (0.7 + number + channel) * time)) / (1 + number)
            found[channel] += strength * np.sin(2 * np.pi * hertz * time)
    return np.round(found, 6).astype(np.float32)[0 if channels == 1 else slice(None)]


def summary(values: Any, exactly: bool = False) -> dict[str, Any]:
    """What a golden keeps of an array: shape, dtype, 40 of its numbers; or 4 and a hash of all, if the same bits are wanted."""
    array = np.asarray(values)
    flat = array.reshape(-1)
    places = (
        np.unique(np.linspace(0, flat.size - 1, 4 if exactly else 40).astype(np.int64)) if flat.size else np.zeros(0, np.int64)
    )
    kept = [round(float(value), 6) for value in flat[places]]
    total = round(float(np.abs(flat.astype(np.float64)).mean()), 6) if flat.size else 0.0
    found = {"shape": list(array.shape), "dtype": str(array.dtype), "mean": total, "values": kept}
    bits = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
    return found | ({"sha256": bits} if exactly else {})


def inputs(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The call that a case of images.json describes; files are written to `folder`."""
    mode, kind = case.get("mode", "RGB"), case.get("as", "image")
    names = [f"{case['files']} {index}" for index in range(len(case["sizes"]))]
    drawn_at = list(zip(names, case["sizes"], strict=True))
    found: dict[str, Any] = dict(case["options"])
    if kind == "file":
        paths = [folder / f"{index}.{'tif' if mode == 'CMYK' else 'png'}" for index in range(len(names))]
        for path, (name, size) in zip(paths, drawn_at, strict=True):
            path.write_bytes(encoded(name, *size, mode, case.get("orientation", 1), "TIFF" if mode == "CMYK" else "PNG"))
        found["images"] = paths
    elif kind == "image":
        found["images"] = [image(name, *size, mode) for name, size in drawn_at]
    else:
        arrays = [pixels(name, *size) for name, size in drawn_at]
        found["images"] = {
            "first": [array.transpose(2, 0, 1) for array in arrays],
            "batch": np.stack(arrays) if kind == "batch" else None,
            "shares": [(array / 255).astype(np.float32) for array in arrays],
        }[kind]
    if case.get("alone"):
        found["images"] = found["images"][0]
    if case.get("maps"):
        found["segmentation_maps"] = [pixels(f"{name} map", *size, 1)[..., 0] % 7 for name, size in drawn_at]
    if "annotations" in case:
        found["annotations"] = case["annotations"][0] if case.get("alone") else case["annotations"]
        if "file_name" in case["annotations"][0]:
            segments(case["sizes"][0]).save(folder / "panoptic.png")
            found["masks_path"] = folder
    return found


def segments(size: list[int]) -> Any:
    """A file of panoptic segments with the ids 3 and 300."""
    from PIL import Image

    colours = np.zeros((*size, 3), np.uint8)
    colours[5:20, 4:30] = (3, 0, 0)
    colours[12:30, 20:50] = (300 % 256, 300 // 256, 0)
    return Image.fromarray(colours)


def scores(shapes: dict[str, list[int]]) -> dict[str, NDArray[Any]]:
    """What a detector might return."""
    found = {name: 8 * drawn.weight(f"scores {name}", shape) for name, shape in shapes.items()}
    found["logits"][:, ::5, -1] += 20
    if "pred_boxes" in found:
        found["pred_boxes"] = np.abs(found["pred_boxes"] / 6).clip(0, 1)
    return found


def sounds(case: dict[str, Any]) -> Any:
    """The recordings that a case of sounds.json describes; one alone if there is but one."""
    found = [sound(f"{case['files']} {index}", *size) for index, size in enumerate(case["sounds"])]
    return found if len(found) > 1 else found[0]


WORDS = ("<pad>", "<unk>", "<image>", "a", "b", "c", "d", "e")


def words(folder: Path) -> None:
    """Files of a tokenizer of words, with a tokenizer.json as Transformers writes it."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(list(WORDS[:3]))
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "unk_token": "<unk>", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(names))


def joint(call: dict[str, Any]) -> dict[str, Any]:
    """A call of joint.json, with so many images or recordings as it says."""
    found = dict(call)
    if "images" in call:
        found["images"] = [image(f"joint {index}", 40, 50) for index in range(call["images"])]
    if "audio" in call:
        found["audio"] = [sound(f"joint {index}", 500 + 90 * index) for index in range(call["audio"])]
    return found
