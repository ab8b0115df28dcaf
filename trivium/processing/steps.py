"""The steps that make a picture an array for a model: each takes a picture and the settings, and returns what it made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.core.errors import ProcessorError

from .pictures import check_pixels, size_of, to_array

if TYPE_CHECKING:
    from .pictures import Picture

Settings = Mapping[str, Any]
NEAREST = 0  # Pillow's number


# Sizes: (height, width) now and the settings -> (height, width) then


def exactly(now: tuple[int, int], settings: Settings) -> tuple[int, int]:
    """The size that is given as height and width."""
    size = settings["size"]
    if "height" not in size or "width" not in size:
        raise _unfit(size, "height and width")
    return size["height"], size["width"]


def by_shortest_edge(now: tuple[int, int], settings: Settings) -> tuple[int, int]:
    """The shorter edge becomes that of the settings, and the other as much longer as it was; or height and width are given."""
    size = settings["size"]
    return _scaled(now, size["shortest_edge"]) if "shortest_edge" in size else exactly(now, settings)


def within_edges(now: tuple[int, int], settings: Settings) -> tuple[int, int]:
    """DETR's: as `by_shortest_edge`, but smaller where the longer edge would be above its limit."""
    size = settings["size"]
    if "shortest_edge" in size and "longest_edge" in size:
        short, exact = size["shortest_edge"], None
        if max(now) / min(now) * short > size["longest_edge"]:
            exact = size["longest_edge"] * min(now) / max(now)
            short = round(exact)
        return now if short == min(now) else _scaled(now, short, exact)
    if "max_height" in size and "max_width" in size:
        scale = min(size["max_height"] / now[0], size["max_width"] / now[1])
        return int(now[0] * scale), int(now[1] * scale)
    if "height" in size:
        return exactly(now, settings)
    raise _unfit(size, "shortest_edge and longest_edge, max_height and max_width, or height and width")


def in_patches(now: tuple[int, int], settings: Settings) -> tuple[int, int]:
    """ViLT's: as `within_edges` for edges of 800 to 1333, then down to multiples of size_divisor."""
    size = settings["size"]
    if "shortest_edge" not in size:
        raise _unfit(size, "shortest_edge")
    short, divisor = size["shortest_edge"], settings["size_divisor"]
    longest = int(1333 / 800 * short)
    scale = short / min(now)
    new = (float(short), scale * now[1]) if now[0] < now[1] else (scale * now[0], float(short))
    if max(new) > longest:
        scale = longest / max(new)
        new = (scale * new[0], scale * new[1])
    height, width = (int(edge + 0.5) // divisor * divisor for edge in new)
    return height, width


def _scaled(now: tuple[int, int], short: int, exact: float | None = None) -> tuple[int, int]:
    long = int((exact or short) * max(now) / min(now))
    return (long, short) if now[0] > now[1] else (short, long) if now[0] < now[1] else (short, short)


def _unfit(size: Mapping[str, int], wanted: str) -> ProcessorError:
    return ProcessorError(f"size has {', '.join(size)}; {wanted} are needed", key="size")


# Steps


def resizing(size: Callable[[tuple[int, int], Settings], tuple[int, int]]) -> Callable[[Picture, Settings], Picture]:
    """The step that resizes to a size."""

    def resize(picture: Picture, settings: Settings) -> Picture:
        return resized(picture, size(size_of(picture), settings), settings["resample"])

    return resize


def resized(picture: Picture, size: tuple[int, int], resample: int) -> Picture:
    """A picture of another (height, width), by one of Pillow's filters, which work on whole numbers up to 255.

    Arrays of floats between 0 and 1 are counted in 255ths meanwhile.
    """
    from PIL import Image

    if min(size) < 1:
        raise ProcessorError(f"an image of {size_of(picture)} would be resized to {size}, which is nothing", key="size")
    check_pixels(size, "resized image")
    if not isinstance(picture, np.ndarray):
        return picture.resize((size[1], size[0]), Image.Resampling(resample))
    shares = _is_shares(picture)
    whole = (picture.astype(np.float64) * 255).astype(np.float32) if shares else picture
    whole = whole.astype(np.uint8, copy=False)
    image = Image.fromarray(np.ascontiguousarray(whole[..., 0] if whole.shape[2] == 1 else whole))
    new = to_array(image.resize((size[1], size[0]), Image.Resampling(resample)))
    return (new.astype(np.float64) * (1 / 255)).astype(np.float32) if shares else new


def _is_shares(array: np.ndarray) -> bool:
    """Whether the values of an array are shares of one, and not whole numbers up to 255; raises if they are neither."""
    if array.dtype == np.uint8 or array.dtype == bool:
        return False
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    # the whole numbers up to 1 are whole numbers, as in Transformers
    if low >= 0 and high <= 255 and np.allclose(array, array.astype(int)):
        return False
    if low >= 0 and high <= 1:
        return True
    raise ProcessorError(
        f"an array of values between {low} and {high} cannot be resized: Pillow knows whole numbers up to 255", key="images",
        hint="scale it to 0 to 255 or to 0 to 1 first, or set do_resize=False",
    )  # fmt: skip


def resize_and_crop(picture: Picture, settings: Settings) -> Picture:
    """ConvNeXT's: below 384 resized to more, by crop_pct, and cropped; from 384 on resized to a square."""
    edge = settings["size"].get("shortest_edge")
    if edge is None:
        raise _unfit(settings["size"], "shortest_edge")
    if edge >= 384:
        return resized(picture, (edge, edge), settings["resample"])
    larger = _scaled(size_of(picture), int(edge / settings["crop_pct"]))
    return cropped(resized(picture, larger, settings["resample"]), edge, edge)


def crop(picture: Picture, settings: Settings) -> np.ndarray:
    """The middle of a picture, of crop_size."""
    size = settings["crop_size"]
    if "height" not in size or "width" not in size:
        raise ProcessorError(f"crop_size has {', '.join(size)}; height and width are needed", key="crop_size")
    return cropped(picture, size["height"], size["width"])


def cropped(picture: Picture, height: int, width: int) -> np.ndarray:
    """The middle of a picture; where it is smaller, it is the middle of a black one."""
    check_pixels((width, height), "cropped image")
    array = to_array(picture)
    for axis, new in enumerate((height, width)):
        start = (array.shape[axis] - new) // 2
        if start >= 0:
            array = array[:, start : start + new] if axis else array[start : start + new]
        else:
            rest = new - array.shape[axis] + start
            array = np.pad(array, [(-start, rest) if axis == padded else (0, 0) for padded in range(3)])
    return array


def pad_to_square(picture: Picture, settings: Settings) -> np.ndarray:
    """LLaVA's: the picture in the middle of a square of the mean colour."""
    array = to_array(picture)
    height, width, channels = array.shape
    if height == width:
        return array
    edge = max(height, width)
    check_pixels((edge, edge), "padded image")
    square = np.empty((edge, edge, channels), array.dtype)
    square[...] = [int(value * 255) for value in per_channel(settings, "image_mean", channels)]
    top, left = (edge - height) // 2, (edge - width) // 2
    square[top : top + height, left : left + width] = array
    return square


def flip_channels(picture: Picture, settings: Settings) -> np.ndarray:
    """BGR of RGB."""
    return to_array(picture)[..., ::-1]


def rescale(values: np.ndarray, settings: Settings) -> np.ndarray:
    """Values times rescale_factor, as float32."""
    return (values.astype(np.float64) * settings["rescale_factor"]).astype(np.float32)


def normalize(values: np.ndarray, settings: Settings) -> np.ndarray:
    """Values (..., C) less their channel's mean, in units of its deviation."""
    values = values if values.dtype.kind == "f" else values.astype(np.float32)
    mean, std = (np.array(per_channel(settings, name, values.shape[-1]), values.dtype) for name in ("image_mean", "image_std"))
    return (values - mean) / std


def per_channel(settings: Settings, name: str, channels: int) -> list[float]:
    """A setting that is one number or one for each channel, as the latter."""
    value = settings[name]
    if isinstance(value, (int, float)):
        return [value] * channels
    if len(value) != channels:
        raise ProcessorError(
            f"{name} has {len(value)} numbers, and the image {channels} channels", key=name, hint="convert the image to RGB"
        )
    return list(value)


def pointwise(values: np.ndarray, settings: Settings, step: Callable[[np.ndarray, Settings], np.ndarray]) -> np.ndarray:
    """A step that treats each value of a channel alone: of bytes it is looked up in a table of all 256."""
    if values.dtype != np.uint8 or values[..., 0].size < 256:
        return step(values, settings)
    channels = values.shape[-1]
    table = step(np.repeat(np.arange(256, dtype=np.uint8)[:, None], channels, 1), settings)
    found = np.empty((channels, *values.shape[:-1]), table.dtype)  # channels first, as most callers want them
    for channel in range(channels):
        np.take(np.ascontiguousarray(table[:, channel]), values[..., channel], out=found[channel], mode="clip")
    return np.moveaxis(found, 0, -1)


def padded(array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An array (H, W, ...) with zeros below and to the right, up to a size."""
    height, width = size[0] - array.shape[0], size[1] - array.shape[1]
    if height < 0 or width < 0:
        raise ProcessorError(f"an image of {array.shape[:2]} does not fit into pad_size = {size}", key="pad_size")
    check_pixels(size, "padded image")
    return np.pad(array, [(0, height), (0, width), *[(0, 0)] * (array.ndim - 2)])


def common_size(arrays: list[np.ndarray]) -> tuple[int, int]:
    """The smallest (height, width) that holds all arrays (H, W, C)."""
    return max(array.shape[0] for array in arrays), max(array.shape[1] for array in arrays)
