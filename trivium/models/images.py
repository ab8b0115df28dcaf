"""What networks of images have in common. Images are (B, C, H, W) at a model's face, (B, H, W, C) inside."""

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
