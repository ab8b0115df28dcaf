"""What networks of images have in common. Images are (B, C, H, W) at a model's face, (B, H, W, C) inside.

Letters: B batch, C channels, H W image size, h w places of a map, D width, P patches, T tokens of a window, R windows of an
image.
"""

from trivium.core.errors import InputError

from . import nn, ops


def enter(pixel_values, channels):  # (B, C, H, W) -> (B, H, W, C)
    """Images as the layers take them."""
    found = ops.shape(pixel_values)[1]
    if isinstance(found, int) and found != channels:
        raise InputError(f"pixel_values (B, C, H, W) has {found} channels; the config says {channels}")
    return ops.transpose(pixel_values, (0, 2, 3, 1))


def leave(x):  # (B, H, W, C) -> (B, C, H, W)
    """Maps of features as users take them; also a tuple of them, or None."""
    if x is None:
        return None
    return tuple(map(leave, x)) if isinstance(x, tuple) else ops.transpose(x, (0, 3, 1, 2))


class Activation(nn.Module):
    """An activation function that a sequence of layers counts."""

    def __init__(self, name: str):
        super().__init__()
        self.activation = ops.activation(name)

    def forward(self, x):
        return self.activation(x)


class Average(nn.Module):
    """Means over parts of an image, that a sequence of layers counts."""

    def __init__(self, size: tuple[int, int]):
        super().__init__()
        self.size = size

    def forward(self, x):  # (B, h, w, D) -> (B, *size, D)
        return ops.average_to(x, self.size)


class Flatten(nn.Module):
    """What a sequence of layers counts, though it has no weights."""

    def forward(self, x):  # (B, D, 1, 1) -> (B, D)
        return x[:, :, 0, 0]


def tokens(x):  # (B, h, w, D) -> (B, h w, D)
    """Every place as a token."""
    batch, h, w, width = ops.shape(x)
    return ops.reshape(x, (batch, h * w, width))


def average(x):  # (B, h, w, D) -> (B, D)
    """The mean over all places."""
    return ops.mean(tokens(x), 1)


def rates(rate, depths):
    """Stochastic depth for every layer of every stage, rising from 0 to `rate`. Source: arXiv:1603.09382, section 3."""
    total, steps = sum(depths), max(sum(depths) - 1, 1)
    flat = [rate * i / steps for i in range(total)]
    return [flat[sum(depths[:i]) : sum(depths[: i + 1])] for i in range(len(depths))]


def pad_to(x, size):  # (B, h, w, D) -> the same, h and w multiples of `size`
    """Zeros after the last row and column, as many as it takes."""
    _, h, w, _ = ops.shape(x)
    down, right = -h % size[0], -w % size[1]
    return x if isinstance(down + right, int) and not down + right else ops.pad(x, ((0, 0), (0, down), (0, right), (0, 0)))


def windows(x, size):  # (B, h, w, D) -> (B R, T, D), R = h w / T windows of T = size size tokens
    """An image cut into windows."""
    batch, h, w, width = ops.shape(x)
    x = ops.reshape(x, (batch, h // size, size, w // size, size, width))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, size * size, width))


def unwindows(x, size, shape):  # (B R, T, D) -> shape = (B, h, w, D)
    """Windows put together again."""
    batch, h, w, width = shape
    x = ops.reshape(x, (batch, h // size, w // size, size, size, width))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), shape)


def paint(x, channels, stride):  # (B, h, w, C stride^2) -> (B, C, h stride, w stride)
    """Every place as a square of pixels. Source: Shi and others, arXiv:1609.05158."""
    batch, h, w, _ = ops.shape(x)
    x = ops.transpose(ops.reshape(x, (batch, h, w, channels, stride, stride)), (0, 3, 1, 4, 2, 5))
    return ops.reshape(x, (batch, channels, h * stride, w * stride))


def painting_loss(image, pixel_values, masked, patch):  # two of (B, C, H, W), (B, P) -> ()
    """How far off the painted pixels are, over the patches that were hidden. Source: SimMIM, arXiv:2111.09886."""
    batch, channels, height, width = ops.shape(pixel_values)
    h, w = height // patch[0], width // patch[1]
    hidden = ops.reshape(ops.cast_like(masked, image), (batch, 1, h, 1, w, 1))
    hidden = ops.reshape(ops.broadcast_to(hidden, (batch, 1, h, patch[0], w, patch[1])), (batch, 1, height, width))
    return ops.sum(abs(pixel_values - image) * hidden) / (ops.sum(hidden) + 1e-5) / channels


def nearest(x, size):  # (B, h, w, D) -> (B, *size, D)
    """Maps resized by taking the place that is nearest to the top and left. Source: torch.nn.functional.interpolate."""
    _, h, w, _ = ops.shape(x)
    rows, columns = (ops.arange(new, like=x) * old // new for new, old in zip(size, (h, w), strict=True))
    x = ops.take(ops.transpose(x, (1, 0, 2, 3)), rows)
    x = ops.take(ops.transpose(x, (2, 1, 0, 3)), columns)
    return ops.transpose(x, (1, 2, 0, 3))
