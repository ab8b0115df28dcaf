"""Swin: a transformer encoder of images that attends within windows, which shift from layer to layer.

Liu and others, arXiv:2103.14030. Checkpoint: microsoft/swin-tiny-patch4-window7-224.
Letters: B batch, C channels, H W image size, h w places of a stage, D width of a stage, M window size, T = M M tokens of a
window, R windows of an image, N heads, L labels.
"""

import numpy as np

from trivium.core.errors import InputError
from trivium.core.init import ZEROS
from trivium.core.outputs import BackboneOutput, SpatialHeadOutput, SpatialModelingOutput, SpatialModelOutput
from trivium.models.swin.config import SwinConfig as Config

from .. import heads, images, nn, ops

EPS = 1e-5  # of the norms between stages, whatever the config says


class PatchEmbeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.projection = nn.Conv2d(c.num_channels, c.embed_dim, kernel_size=c.patch_hw, stride=c.patch_hw)
        self.patch = c.patch_hw

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D)
        return self.projection(images.pad_to(x, self.patch))


class Embeddings(nn.Module):
    def __init__(self, c: Config, masks_patches: bool = False):
        super().__init__()
        if masks_patches:
            self.mask_token = nn.Parameter((1, 1, c.embed_dim), ZEROS)
        self.patch_embeddings = PatchEmbeddings(c)
        self.norm = nn.LayerNorm(c.embed_dim, eps=EPS)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x, masked=None):  # (B, H, W, C), (B, h w) -> (B, h, w, D)
        x = self.norm(self.patch_embeddings(x))
        if masked is not None:
            masked = ops.reshape(ops.cast(masked, "bool"), (*ops.shape(x)[:3], 1))
            x = ops.where(masked, ops.cast_like(self.mask_token, x), x)
        return self.dropout(x)


def relative_positions(size):
    """Which row of the table of relative positions belongs to each pair of places in a window: (T, T)."""
    places = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1).reshape(-1, 2)
    rows, columns = np.moveaxis(places[:, None] - places[None] + size - 1, -1, 0)
    return (rows * (2 * size - 1) + columns).astype(np.int64)


class SelfAttention(nn.Module):
    def __init__(self, width: int, count: int, c: Config):
        super().__init__()
        self.relative_position_bias_table = nn.Parameter(((2 * c.window_size - 1) ** 2, count), ZEROS)
        self.relative_position_index = nn.Constant(relative_positions(c.window_size))
        self.query = nn.Linear(width, width, bias=c.qkv_bias)
        self.key = nn.Linear(width, width, bias=c.qkv_bias)
        self.value = nn.Linear(width, width, bias=c.qkv_bias)
        self.dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.heads, self.scale = count, (width // count) ** -0.5

    def forward(self, x, mask, attentions):  # (B R, T, D), (B R, 1, T, T) -> (B R, T, D), weights
        batch, tokens, width = ops.shape(x)
        shape = (batch, tokens, self.heads, width // self.heads)
        q, k, v = (ops.reshape(y, shape) for y in (self.query(x), self.key(x), self.value(x)))  # (B R, T, N, D / N)
        bias = ops.take(self.relative_position_bias_table, self.relative_position_index)  # (T, T, N)
        bias = ops.cast_like(ops.transpose(bias, (2, 0, 1))[None], x)
        x, weights = ops.attention(q, k, v, mask, bias=bias, scale=self.scale, dropout=self.dropout, weights=attentions)
        return ops.reshape(x, (batch, tokens, width)), weights


class Output(nn.Module):
    def __init__(self, inputs: int, width: int, rate: float):
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.dropout = nn.Dropout(rate)

    def forward(self, x):  # (..., inputs) -> (..., D)
        return self.dropout(self.dense(x))


class Attention(nn.Module):
    def __init__(self, width: int, count: int, c: Config):
        super().__init__()
        self.self = SelfAttention(width, count, c)
        self.output = Output(width, width, c.attention_probs_dropout_prob)

    def forward(self, x, mask, attentions):  # (B R, T, D) -> (B R, T, D), weights
        x, weights = self.self(x, mask, attentions)
        return self.output(x), weights


class Intermediate(nn.Module):
    def __init__(self, width: int, c: Config):
        super().__init__()
        self.dense = nn.Linear(width, int(c.mlp_ratio * width))
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, mlp_ratio D)
        return self.activation(self.dense(x))


class Layer(nn.Module):
    def __init__(self, width: int, count: int, shift: int | None, rate: float, c: Config):
        super().__init__()
        self.layernorm_before = nn.LayerNorm(width, eps=c.layer_norm_eps)
        self.attention = Attention(width, count, c)
        self.drop_path = nn.DropPath(rate)
        self.layernorm_after = nn.LayerNorm(width, eps=c.layer_norm_eps)
        self.intermediate = Intermediate(width, c)
        self.output = Output(int(c.mlp_ratio * width), width, c.hidden_dropout_prob)
        self.size, self.shift = c.window_size, shift

    def forward(self, x, cache=None, attentions=False, always_shifts=False):  # (B, h, w, D) -> (B, h, w, D)
        _, h, w, width = ops.shape(x)
        y = images.pad_to(self.layernorm_before(x), (self.size, self.size))
        batch, rows, columns, _ = ops.shape(y)
        shift = self.shift if always_shifts or self.shift is None else self.needed(h, w)
        mask = None if shift is None else self.mask(y, shift)
        y = y if shift is None else ops.roll(y, (-shift, -shift), (1, 2))
        y, weights = self.attention(images.windows(y, self.size), mask, attentions)
        y = images.unwindows(y, self.size, (batch, rows, columns, width))
        y = y if shift is None else ops.roll(y, (shift, shift), (1, 2))
        x = x + self.drop_path(y[:, :h, :w])
        x = x + self.output(self.intermediate(self.layernorm_after(x)))
        return x, {"attentions": weights}

    def needed(self, h, w):  # one window has nothing to shift to; sizes may be unknown while a framework traces
        if isinstance(h, int) and isinstance(w, int):
            return self.shift if min(h, w) > self.size else None
        return ops.cast(ops.minimum(h, w) > self.size, "int32") * self.shift

    def mask(self, x, shift):  # (B, h, w, D) -> (B R, 1, T, T), True for two places that were neighbours before the shift
        batch, h, w, _ = ops.shape(x)
        rows, columns = (self.regions(length, shift, x) for length in (h, w))
        regions = images.windows((3 * rows[:, None] + columns)[None, :, :, None], self.size)[..., 0]  # (R, T)
        mask = regions[:, :, None] == regions[:, None, :]
        count, tokens, _ = ops.shape(mask)
        mask = ops.broadcast_to(mask[None], (batch, count, tokens, tokens))
        return ops.reshape(mask, (-1, 1, tokens, tokens))

    def regions(self, length, shift, like):  # -> (length,), 0 far from the seam, 1 before it, 2 after it
        places = ops.arange(length, like)
        return ops.cast(places >= length - self.size, "int32") + ops.cast(places >= length - shift, "int32")


class PatchMerging(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)
        self.norm = nn.LayerNorm(4 * width, eps=EPS)

    def forward(self, x):  # (B, h, w, D) -> (B, h / 2, w / 2, 2 D)
        x = images.pad_to(x, (2, 2))
        x = ops.concat([x[:, i::2, j::2] for j in range(2) for i in range(2)], -1)
        return self.reduction(self.norm(x))


class Stage(nn.Module):
    def __init__(self, i: int, rates: list[float], c: Config):
        super().__init__()
        width, count = c.widths[i], c.num_heads[i]
        shifts = [c.window_size // 2 or None if j % 2 else None for j in range(c.depths[i])]
        self.blocks = nn.Layers(Layer(width, count, *how, c) for how in zip(shifts, rates, strict=True))
        self.merges = i < len(c.depths) - 1
        if self.merges:
            self.downsample = PatchMerging(width)

    def forward(self, x, cache=None, attentions=False, always_shifts=False):  # (B, h, w, D) -> (B, h / 2, w / 2, 2 D) as a rule
        x, kept = self.blocks(x, attentions=attentions, always_shifts=always_shifts)
        last = kept["attentions"][-1] if attentions else None
        return self.downsample(x) if self.merges else x, {"attentions": last, "features": x}


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        rates = images.rates(c.drop_path_rate, c.depths)
        self.layers = nn.Layers(Stage(i, rates[i], c) for i in range(len(c.depths)))

    def forward(self, x, **options):
        return self.layers(x, **options)


class SwinModel(nn.Model):
    """Swin without a head.

    Inputs: pixel_values (B, C, H, W), normalised, of any size; bool_masked_pos (B, P), patches to hide.
    `interpolate_pos_encoding` changes nothing, for positions are relative.
    """

    config_class = Config
    body_prefix = "swin"
    optional = ("embeddings.mask_token",)

    def __init__(self, c: Config, add_pooling_layer: bool = True, use_mask_token: bool = False):
        super().__init__(c)
        self.embeddings = Embeddings(c, use_mask_token)
        self.encoder = Encoder(c)
        self.layernorm = nn.LayerNorm(c.widths[-1], eps=c.layer_norm_eps)
        self.pools, self.masks_patches = add_pooling_layer, use_mask_token

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, *self.config.pair("image_size")), "float32")}

    def forward(
        self,
        pixel_values,
        bool_masked_pos=None,
        interpolate_pos_encoding=False,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        if bool_masked_pos is not None and not self.masks_patches:
            raise InputError("bool_masked_pos needs a model with a mask token", hint="use_mask_token=True makes one")
        x = self.embeddings(images.enter(pixel_values, c.num_channels), bool_masked_pos)
        x, kept = self.encoder(x, **heads.asked(c, output_attentions, output_hidden_states))
        x, seen = images.tokens(self.layernorm(x)), kept["hidden_states"]  # (B, h, w, D) -> (B, h w, D)
        pooled = ops.mean(x, 1) if self.pools else None
        flat = None if seen is None else tuple(images.tokens(y) for y in seen)
        return SpatialModelOutput(x, pooled, flat, kept["attentions"], images.leave(seen))


class SwinForImageClassification(heads.Head, body=SwinModel):
    """Swin that classifies an image. Labels: as `classification_loss` of the heads has them."""

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = nn.Linear(c.widths[-1], c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier(out.pooler_output)  # (B, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return SpatialHeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions", "reshaped_hidden_states"))


class SwinForMaskedImageModeling(heads.Head, body=SwinModel):
    """Swin that paints the hidden patches of an image, after SimMIM (arXiv:2111.09886). The loss is over what was hidden."""

    body_options = {"add_pooling_layer": False, "use_mask_token": True}
    optional = ("decoder",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.decoder = nn.Layers([nn.Conv2d(c.widths[-1], c.encoder_stride**2 * c.num_channels, kernel_size=(1, 1))])

    def forward(self, pixel_values, bool_masked_pos=None, **options):
        c = self.config
        out = self.body(pixel_values, bool_masked_pos, **options)
        batch, _, height, _ = ops.shape(pixel_values)
        h = -(-height // (c.patch_hw[0] * 2 ** (len(c.depths) - 1)))
        x = ops.reshape(out.last_hidden_state, (batch, h, -1, c.widths[-1]))
        image = images.paint(self.decoder[0](x), c.num_channels, c.encoder_stride)
        loss = None
        if bool_masked_pos is not None:
            loss = images.painting_loss(image, pixel_values, bool_masked_pos, c.patch_hw)
        kept = heads.kept(out, "hidden_states", "attentions", "reshaped_hidden_states")
        return SpatialModelingOutput(loss, image, **kept)


class Norms(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        for i in c.wanted:
            setattr(self, c.stage_names[i], nn.LayerNorm(c.widths[max(i - 1, 0)], eps=EPS))

    def forward(self, x, name):  # (B, h, w, D) -> (B, h, w, D)
        return getattr(self, name)(x)


class SwinBackbone(nn.Model):
    """Swin that hands over maps of features (B, D, h, w), of the stages that the config names in `out_features`."""

    config_class = Config
    body_prefix = "swin"
    optional = ("hidden_states_norms",)
    input_shapes = SwinModel.input_shapes

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)
        self.hidden_states_norms = Norms(c)

    def forward(self, pixel_values, output_hidden_states=None, output_attentions=None):
        c = self.config
        x = self.embeddings(images.enter(pixel_values, c.num_channels))
        attentions = c.output_attentions if output_attentions is None else output_attentions
        _, kept = self.encoder(x, attentions=attentions, always_shifts=True)
        seen = (x, *kept["features"])
        maps = tuple(images.leave(self.hidden_states_norms(seen[i], c.stage_names[i])) for i in c.wanted)
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        return BackboneOutput(maps, tuple(images.tokens(y) for y in seen) if keeps else None, kept["attentions"])
