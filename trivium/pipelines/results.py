"""Answers that can be drawn on their image."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np


class Drawn(list[dict[str, Any]]):
    """A list of what was found in an image, which can be drawn on it.

    Args:
        found: What was found.
        image: Pillow's image that it was found in.
    """

    def __init__(self, found: Iterable[dict[str, Any]], image: Any):
        super().__init__(found)
        self.image = image

    def draw(self) -> Any:
        """Pillow's image with all that was found."""
        raise NotImplementedError  # pragma: no cover

    def show(self) -> None:
        """Shows the drawing in the system's viewer."""
        self.draw().show()

    def save(self, path: str | Path) -> None:
        """Writes the drawing; the ending of the name says in which format."""
        self.draw().save(path)

    def colours(self) -> list[tuple[int, int, int]]:
        """A colour for each label, far from the others', in the order of what was found."""
        labels = {label: i for i, label in enumerate(dict.fromkeys(one["label"] for one in self))}
        shades = [colorsys.hsv_to_rgb(i * 0.618034 % 1, 0.75, 0.95) for i in range(len(labels))]
        return [tuple(int(255 * part) for part in shades[labels[one["label"]]]) for one in self]  # type: ignore[misc]


class Boxes(Drawn):
    """Objects with boxes: {"score", "label", "box"}."""

    def draw(self) -> Any:
        from PIL import ImageDraw

        picture = self.image.convert("RGB")
        pen, thickness = ImageDraw.Draw(picture), max(2, min(picture.size) // 250)
        for one, colour in zip(self, self.colours(), strict=True):
            box = [one["box"][name] for name in ("xmin", "ymin", "xmax", "ymax")]
            pen.rectangle(box, outline=colour, width=thickness)
            write(pen, picture.size, (box[0], box[1]), f"{one['label']} {one['score']:.2f}", colour)
        return picture


class Masks(Drawn):
    """Segments with masks: {"score", "label", "mask"}."""

    def draw(self) -> Any:
        from PIL import Image, ImageDraw

        pixels = np.asarray(self.image.convert("RGB"), np.float32)
        masks = [np.asarray(one["mask"]) > 0 for one in self]
        for mask, colour in zip(masks, self.colours(), strict=True):
            pixels = np.where(mask[..., None], 0.45 * pixels + 0.55 * np.array(colour, np.float32), pixels)
        picture = Image.fromarray(pixels.round().astype(np.uint8))
        pen = ImageDraw.Draw(picture)
        for one, mask, colour in zip(self, masks, self.colours(), strict=True):
            if mask.any():
                rows, columns = np.nonzero(mask)
                write(pen, picture.size, (int(np.median(columns)), int(np.median(rows))), str(one["label"]), colour)
        return picture


def write(pen: Any, size: tuple[int, int], place: tuple[int, int], text: str, colour: tuple[int, int, int]) -> None:
    """Writes a label on a field of its colour, inside the picture."""
    from PIL import ImageFont

    font = ImageFont.load_default(max(11, min(size) // 35))
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    width, height = right - left + 6, bottom - top + 6
    x = max(0, min(place[0], size[0] - width))
    y = max(0, min(place[1] - height, size[1] - height))
    dark = sum(colour) < 330
    pen.rectangle([x, y, x + width, y + height], fill=colour)
    pen.text((x + 3 - left, y + 3 - top), text, fill="white" if dark else "black", font=font)
