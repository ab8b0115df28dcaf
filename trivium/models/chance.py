"""What chance does in training: layers are left out, spans are hidden, and one of several is chosen.

Letters: B batch, T places, D width, V choices.
"""

from trivium.core.errors import InputError

from . import nn, ops


class LayerDrop(nn.Module):
    """In training takes a layer's input for its output, at the given rate. The layer has been computed all the same.

    Source: Fan and others, arXiv:1909.11556.
    """

    def __init__(self, rate):
        super().__init__()
        self.rate = rate
        if rate > 0:
            self.chance = nn.Chance()

    def forward(self, given, found):  # two of the same shape
        if self.rate == 0 or not self.chance.training:
            return found
        return ops.where(self.chance((), like=found) < self.rate, given, found)


class SpecAugment(nn.Module):
    """In training hides spans of time, and of features for all of it. Park and others, arXiv:1904.08779.

    `c` has `apply_spec_augment`, `mask_time_prob`, `mask_time_length`, `mask_time_min_masks` and the same of `mask_feature`.
    """

    def __init__(self, c):
        super().__init__()
        self.time = c.mask_time_prob, c.mask_time_length, c.mask_time_min_masks
        self.features = c.mask_feature_prob, c.mask_feature_length, c.mask_feature_min_masks
        self.acts = c.apply_spec_augment and (c.mask_time_prob > 0 or c.mask_feature_prob > 0)
        if self.acts:
            self.chance = nn.Chance()

    def forward(self, x, heard=None, times=None):  # (B, T, D), two of (B, T) -> (B, T) and (B, D), each or None
        """Which times and features are hidden: of those that are `heard`, if it is given, and the `times` that are given."""
        if not self.acts or not self.chance.training:
            return times, None
        batch, size, width = ops.shape(x)
        every = ops.arange(batch, like=x) * 0
        if times is None and self.time[0] > 0:
            lengths = every + size if heard is None else ops.cumsum(ops.cast(heard, "int32"), 1)[:, -1]
            times = spans(self.chance, x, size, lengths, *self.time)
        return times, spans(self.chance, x, width, every + width, *self.features) if self.features[0] > 0 else None


def spans(chance, like, size, lengths, share, length, least):
    """Which of `size` places are hidden in each of a batch, of which the first `lengths` (B,) count: (B, size).

    There are about share / length spans to a place, at least `least`, which begin at different places and may overlap; what
    is left of a span by rounding is one more with that chance, for all of the batch alike. Source: Transformers 4,
    which hides the last place, of the padding, where there is no span.
    """
    if isinstance(size, int) and length > size:
        raise InputError(f"spans of {length} places are to be hidden of {size}", hint="longer inputs, or a smaller mask length")
    starts = ops.maximum(lengths - (length - 1), lengths * 0)
    count = ops.cast(ops.cast(lengths, "float32") * (share / length) + chance((), like), "int32")
    count = ops.maximum(count, count * 0 + least)
    count = ops.minimum(ops.minimum(count, count * 0 + size // length), starts)
    places = ops.arange(size, like=like)[None]
    noise = chance((ops.shape(lengths)[0], size), like)
    order = ops.argsort(ops.argsort(ops.where(places < starts[:, None], noise, noise + 1), 1), 1)
    begun = ops.cumsum(ops.cast(order < count[:, None], "int32"), 1)
    return begun > ops.pad(begun, ((0, 0), (length, 0)))[:, :size]


def gumbel_softmax(chance, x, temperature):
    """One of V, drawn by the softmax of x (..., V), as zeros and a one.

    Its gradient is that of the softmax of x and noise, over the temperature.
    Source: Jang and others, arXiv:1611.01144.
    """
    noise = -ops.log(-ops.log(ops.maximum(chance(ops.shape(x), like=x), 1e-20)))
    soft = ops.softmax((ops.cast(x, "float32") + noise) / temperature, -1)
    hard = ops.cast_like(ops.argmax(soft, -1)[..., None] == ops.arange(ops.shape(x)[-1], like=x), soft)
    return ops.cast_like(ops.stop_gradient(hard - soft) + soft, x)
