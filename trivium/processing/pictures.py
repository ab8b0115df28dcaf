"""Reading images: files, bytes, Pillow's images and arrays of any framework, each in either order of its axes."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.core.errors import LimitExceeded, NotFound, ProcessorError, Unsafe
from trivium.core.pretrained import require

from .batch import as_array

if TYPE_CHECKING:
    from PIL.Image import Image

    Picture = Image | np.ndarray
    """Pillow's image, or an array (H, W, C)."""

logger = logging.getLogger("trivium")

MAX_PIXELS = 64 * 10**6
"""Images with more pixels are refused before they are decoded; set it higher for those that you trust."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
"""What files may be; Pillow gives others (EPS) to another program, or has no use for them here."""

FIRST, LAST = "channels_first", "channels_last"


def read_image(source: str | Path | bytes, max_pixels: int | None = None) -> Image:
    """An image in RGB, turned as its EXIF says.

    Args:
        source: A path, or the content of a file.
        max_pixels: Refuse images with more; MAX_PIXELS if not given.

    Raises:
        NotFound: There is no such file.
        Unsafe: It is in a format that is decoded by another program.
        LimitExceeded: It has too many pixels.
        ProcessorError: It is no image, or damaged.
    """
    require("PIL", "vision")
    from PIL import Image, ImageOps

    name = "bytes" if isinstance(source, bytes) else source
    try:
        with Image.open(_content(source), formats=FORMATS) as file:
            check_pixels(file.size, name, max_pixels)
            turned = ImageOps.exif_transpose(file)
            return as_rgb(turned, name)
    except (NotFound, LimitExceeded, Unsafe):
        raise
    except Image.DecompressionBombError:
        hint = "where it is trusted, raise PIL.Image.MAX_IMAGE_PIXELS, too"
        raise LimitExceeded("an image of more pixels than Pillow reads", path=name, hint=hint) from None
    except Exception as error:  # Pillow's decoders raise nearly anything: OSError, SyntaxError, struct.error, zlib.error
        raise ProcessorError(
            f"no image, or a damaged one ({type(error).__name__}: {error})", path=name,
            hint=f"these formats are read: {', '.join(FORMATS)}",
        ) from None  # fmt: skip


def _content(source: str | Path | bytes) -> io.BytesIO | Path:
    if isinstance(source, bytes):
        if source.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
            raise Unsafe("PostScript is a program, which is not run", hint="convert the image to PNG first")
        return io.BytesIO(source)
    if str(source).startswith(("http://", "https://")):
        raise NotFound("addresses are not fetched", path=source, hint="download the file, and give its path or its bytes")
    path = Path(source).expanduser()
    if not path.is_file():
        raise NotFound("no such file", path=path)
    with open(path, "rb") as file:
        _content(file.read(4))
    return path


def check_pixels(size: Iterable[int], path: object, limit: int | None = None) -> None:
    """Raises LimitExceeded if (width, height) is more than `limit` pixels, MAX_PIXELS if not given; ProcessorError if none."""
    limit, (width, height) = limit or MAX_PIXELS, size
    if not width * height:
        raise ProcessorError(f"an image of {width} x {height} pixels", path=path, key="images")
    if width * height > limit:
        raise LimitExceeded(
            f"{width:,} x {height:,} pixels; the limit is {limit:,}", path=path,
            hint="make the image smaller, or raise trivium.processing.pictures.MAX_PIXELS",
        )  # fmt: skip


def as_rgb(image: Image, path: object = None, mode: str = "RGB") -> Image:
    """Pillow's own conversion to RGB, or to grey with mode "L"; what is above 255 in deeper images becomes 255."""
    if image.mode == mode:
        image.load()
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        logger.warning(
            "%s: an image of mode %s; values above 255 become white, as in Transformers: scale it to 8 bits first",
            path or "image", image.mode,
        )  # fmt: skip
    return image.convert(mode)


def pictures(images: Any, channels: int | None, order: str | None = None) -> list[Picture]:
    """A list of images, of one image, a list, a list of lists, or an array of several.

    Args:
        images: Paths, bytes, Pillow's images, or arrays (H, W, C) or (C, H, W).
        channels: 3 or 1 to convert Pillow's images to RGB or grey; None leaves them. Arrays are left as they are.
        order: Where the channels of arrays are: "channels_first" or "channels_last"; found out from the first if not given.

    Raises:
        ProcessorError: Something is no image.
    """
    flat = list(_flat(images))
    if not flat:
        raise ProcessorError("no images", key="images")
    arrays = [image for image in flat if isinstance(image, np.ndarray)]
    if arrays:
        order = order or channel_order(arrays[0])
    return [_picture(image, channels, order) for image in flat]


def _flat(images: Any) -> Iterable[Any]:
    if isinstance(images, (list, tuple)):
        for part in images:
            yield from _flat(part)
    elif isinstance(images, (str, Path, bytes)):
        yield read_image(images)
    elif type(images).__module__.partition(".")[0] == "PIL":
        check_pixels(images.size, getattr(images, "filename", None) or "image")
        yield images
    else:
        array = as_array(images)
        if array.dtype.kind not in "buif" or array.ndim not in (2, 3, 4):
            raise ProcessorError(
                f"{type(images).__name__} of shape {array.shape} is no image", key="images",
                hint="give paths, bytes, Pillow's images or arrays (H, W, 3) or (3, H, W)",
            )  # fmt: skip
        yield from array if array.ndim == 4 else [array]


def _picture(image: Any, channels: int | None, order: str | None) -> Picture:
    if not isinstance(image, np.ndarray):
        try:
            return as_rgb(image, mode="L" if channels == 1 else "RGB") if channels else image
        except Exception as error:  # a file that was opened, but is decoded only now
            path = getattr(image, "filename", None) or "image"
            raise ProcessorError(f"a damaged image ({type(error).__name__}: {error})", path=path) from None
    if image.ndim != 3:
        raise ProcessorError(
            f"an image of shape {image.shape} has no axis for its channels", key="images",
            hint="give (H, W, C) or (C, H, W); np.repeat(image[..., None], 3, -1) makes grey one RGB",
        )  # fmt: skip
    image = image.transpose(1, 2, 0) if order == FIRST else image
    check_pixels(image.shape[1::-1], "array")
    return image


def channel_order(image: np.ndarray, channels: Sequence[int] = (1, 3)) -> str:
    """Where the channels of an array are, which is the axis of size 1 or 3; the first if both are, and that is said.

    Raises:
        ProcessorError: Neither is.
    """
    if image.ndim == 3:
        first, last = image.shape[0] in channels, image.shape[2] in channels
        if first and last:
            logger.warning("an image of shape %s: the first axis is taken for the channels", image.shape)
        if first or last:
            return FIRST if first else LAST
    raise ProcessorError(
        f"an image of shape {image.shape} has no first or last axis of {' or '.join(map(str, channels))} channels",
        key="input_data_format", hint="convert it to RGB, (H, W, 3), first: image[..., :3] leaves out what is transparent",
    )  # fmt: skip


def to_array(picture: Picture) -> np.ndarray:
    """An array (H, W, C) of a picture."""
    array = picture if isinstance(picture, np.ndarray) else np.asarray(picture)
    return array[..., None] if array.ndim == 2 else array


def size_of(picture: Picture) -> tuple[int, int]:
    """(height, width)."""
    if isinstance(picture, np.ndarray):
        return picture.shape[0], picture.shape[1]
    return picture.height, picture.width
