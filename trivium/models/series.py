"""What networks of time series have in common: their level taken out, patches cut, and some of these hidden.

Letters: B batch, T points in time, C channels, P patches, L points of a patch, D width. `c` is the network's config.
"""

from trivium.core.errors import InputError

from . import nn, ops


def check_size(x, c):
    """Raises InputError unless series (B, T, C) are as long and have as many channels as the config says."""
    expected = c.context_length, c.num_input_channels
    if any(isinstance(size, int) and size != wanted for size, wanted in zip(ops.shape(x)[1:], expected, strict=True)):
        raise InputError(f"past_values are {ops.shape(x)}; the config says (batch, {expected[0]}, {expected[1]})")


def scaled(x, observed, scaling):  # (B, T, C) twice -> (B, T, C), location and scale (B, 1, C) twice
    """Series with their level taken out: by mean and deviation, or by mean size; what was not observed does not count."""
    counts, size = total(observed), total(abs(x * observed))
    if not scaling:
        return x, size * 0, size * 0 + 1
    seen = ops.maximum(counts, 1.0)
    if scaling == "std":
        location = total(x * observed) / seen
        scale = ops.sqrt(total(((x - location) * observed) ** 2) / seen + 1e-5)
        return (x - location) / scale, location, scale
    others = ops.einsum("bic->ic", size) / ops.maximum(ops.einsum("bic->ic", counts), 1.0)  # for series with nothing to see
    scale = ops.maximum(ops.where(counts > 0, size / seen, others[None] + size * 0), 1e-10)
    return x / scale, size * 0, scale


def total(x):  # (B, T, C) -> (B, 1, C)
    return ops.einsum("btc->bc", x)[:, None]


def cut(x, c):  # (B, T, C) -> (B, C, P, L)
    """Series in patches, the last of which ends with them."""
    end = c.patch_length + c.patch_stride * (c.num_patches - 1)
    starts = ops.arange(c.num_patches, like=x)[:, None] * c.patch_stride + (c.context_length - end)
    points = starts + ops.arange(c.patch_length, like=x)
    return ops.transpose(ops.take(ops.transpose(x, (1, 0, 2)), points), (2, 3, 0, 1))


def hidden(x, noise, c, chance):  # (B, C, P, L), noise -> (B, C, P)
    """Which patches are hidden; noise is (B, C, P), or (B,) for those at the end; drawn by an `nn.Chance` if it is None."""
    batch, channels, patches, _ = ops.shape(x)
    if noise is None:
        noise = chance((batch, channels, patches) if c.mask_type == "random" else (batch,), like=x)
    if c.mask_type == "random":
        noise = noise[:, :1] if c.channel_consistent_masking else noise
        mask = ops.argsort(ops.argsort(noise, 2), 2) >= int(patches * (1 - c.random_mask_ratio))
    else:
        mask = ops.arange(patches, like=x) >= patches - ends(ops.argsort(noise, 0), batch, c)[:, None, None]
    mask = ops.broadcast_to(mask, (batch, channels, patches))
    if c.unmasked_channel_indices is None:
        return mask
    seen = [float(channel in c.unmasked_channel_indices) for channel in range(c.num_input_channels)]
    return mask & (ops.constant(seen, like=x) == 0)[:, None]


def ends(places, batch, c):  # (B,) -> (B,)
    """How many patches are hidden at the end of each series, as its place in the batch says: parts of equal size, or nearly."""
    first, *others = c.forecasts
    each = batch // (len(others) + 1)
    found = places * 0 + first
    for i, count in enumerate(others):
        found = ops.where(places >= batch - (len(others) - i) * each, places * 0 + count, found)
    return found


class Embedder(nn.Module):
    def __init__(self, c):
        super().__init__()
        if c.share_embedding:
            self.input_embedding = nn.Linear(c.patch_length, c.d_model)
        else:
            self.input_embedding = nn.Layers(nn.Linear(c.patch_length, c.d_model) for _ in range(c.num_input_channels))
        self.shared = c.share_embedding

    def forward(self, x):  # (B, C, P, L) -> (B, C, P, D)
        if self.shared:
            return self.input_embedding(x)
        return ops.concat([layer(x[:, i : i + 1]) for i, layer in enumerate(self.input_embedding)], 1)


class BatchNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.batchnorm = nn.BatchNorm2d(c.d_model, eps=c.norm_eps, momentum=0.1)

    def forward(self, x):  # (B, C, P, D) -> (B, C, P, D)
        return self.batchnorm(x)
