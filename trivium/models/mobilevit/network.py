"""MobileViT: a small convolutional network of images, with transformers in place of its last convolutions.

Mehta and Rastegari, arXiv:2110.02178. Checkpoints: apple/mobilevit-small, apple/deeplabv3-mobilevit-small.
Letters: B batch, C channels, H W image size, h w places of a stage, D width of a stage, E width of its transformer,
p patch size, P patches, L labels.
"""

from trivium.core.outputs import BaseModelOutputWithPooling, HeadOutput
from trivium.models.mobilevit.config import MobileViTConfig as Config

from .. import heads, images, nn, ops
from ..vit import network as vit

EPS = 1e-5


class ConvLayer(nn.Module):
    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 1,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
        norm: bool = True,
        activation: str | None = None,
    ):
        super().__init__()
        side = (size - 1) // 2 * dilation
        shape = {"kernel_size": (size, size), "stride": (stride, stride), "padding": (side, side)}
        self.convolution = nn.Conv2d(inputs, outputs, **shape, dilation=(dilation, dilation), groups=groups, bias=bias)
        self.norms, self.activates = norm, activation is not None
        if norm:
            self.normalization = nn.BatchNorm2d(outputs, eps=EPS, momentum=0.1)
        if self.activates:
            self.activation = ops.activation(activation)

    def forward(self, x):  # (B, h, w, inputs) -> (B, h / stride, w / stride, outputs)
        x = self.convolution(x)
        x = self.normalization(x) if self.norms else x
        return self.activation(x) if self.activates else x


def expanded(width: int, c: Config) -> int:
    """The inner width of a block: a multiple of 8, not more than a tenth below what the ratio says."""
    wanted = round(width * c.expand_ratio)
    found = max(8, (wanted + 4) // 8 * 8)
    return found + 8 if found < 0.9 * wanted else found


class InvertedResidual(nn.Module):
    """Widens, convolves every channel by itself, and narrows. Source: MobileNetV2, arXiv:1801.04381."""

    def __init__(self, inputs: int, outputs: int, stride: int, dilation: int, c: Config):
        super().__init__()
        width, act = expanded(inputs, c), c.hidden_act
        self.adds = stride == 1 and inputs == outputs
        self.expand_1x1 = ConvLayer(inputs, width, activation=act)
        self.conv_3x3 = ConvLayer(width, width, 3, stride, dilation, groups=width, activation=act)
        self.reduce_1x1 = ConvLayer(width, outputs)

    def forward(self, x, cache=None):  # (B, h, w, inputs) -> (B, h / stride, w / stride, outputs)
        y = self.reduce_1x1(self.conv_3x3(self.expand_1x1(x)))
        return x + y if self.adds else y, {}


class MobileNetLayer(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, count: int, c: Config):
        super().__init__()
        first = InvertedResidual(inputs, outputs, stride, 1, c)
        self.layer = nn.Layers([first, *(InvertedResidual(outputs, outputs, 1, 1, c) for _ in range(count - 1))])

    def forward(self, x):  # (B, h, w, inputs) -> (B, h / stride, w / stride, outputs)
        return self.layer(x)[0]


class Transformer(nn.Module):
    def __init__(self, width: int, count: int, c: Config):
        super().__init__()
        self.layer = nn.Layers(vit.Layer(c.transformer(width)) for _ in range(count))

    def forward(self, x):  # (B p p, P, E) -> (B p p, P, E)
        return self.layer(x)[0]


class AttentionLayer(nn.Module):
    def __init__(self, inputs: int, width: int, inner: int, count: int, dilation: int, c: Config):
        super().__init__()
        act, size = c.hidden_act, c.conv_kernel_size
        stride, before = (2, 1) if dilation == 1 else (1, dilation // 2)
        self.downsampling_layer = InvertedResidual(inputs, width, stride, before, c)
        self.conv_kxk = ConvLayer(width, width, size, activation=act)
        self.conv_1x1 = ConvLayer(width, inner, norm=False)
        self.transformer = Transformer(inner, count, c)
        self.layernorm = nn.LayerNorm(inner, eps=c.layer_norm_eps)
        self.conv_projection = ConvLayer(inner, width, activation=act)
        self.fusion = ConvLayer(2 * width, width, size, activation=act)
        self.patch = c.patch_size

    def forward(self, x):  # (B, h, w, inputs) -> (B, h / 2, w / 2, D) as a rule
        x, _ = self.downsampling_layer(x)
        y = self.attend(self.conv_1x1(self.conv_kxk(x)))
        return self.fusion(ops.concat([x, self.conv_projection(y)], -1))

    def attend(self, x):  # (B, h, w, E) -> (B, h, w, E), each pixel to those of the same place in all patches
        batch, h, w, width = ops.shape(x)
        p = self.patch
        down, right = -(-h // p), -(-w // p)
        fits = isinstance(h, int) and isinstance(w, int) and (h, w) == (down * p, right * p)
        x = x if fits else ops.resize_bilinear(x, (down * p, right * p))
        x = ops.transpose(ops.reshape(x, (batch, down, p, right, p, width)), (0, 2, 4, 1, 3, 5))
        x = self.layernorm(self.transformer(ops.reshape(x, (-1, down * right, width))))  # (B p p, P, E)
        x = ops.transpose(ops.reshape(x, (batch, p, p, down, right, width)), (0, 3, 1, 4, 2, 5))
        x = ops.reshape(x, (batch, down * p, right * p, width))
        return x if fits else ops.resize_bilinear(x, (h, w))


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        widths = c.neck_hidden_sizes
        layers = [MobileNetLayer(widths[0], widths[1], 1, 1, c), MobileNetLayer(widths[1], widths[2], 2, 3, c)]
        dilation = 1
        for i, (inner, count, least) in enumerate(zip(c.hidden_sizes, (2, 4, 3), (4, 8, 16), strict=True)):
            dilation *= 2 if c.output_stride <= least else 1  # instead of a stride, so that the maps stay as fine
            layers.append(AttentionLayer(widths[i + 2], widths[i + 3], inner, count, dilation, c))
        self.layer = nn.Layers(layers)

    def forward(self, x):  # (B, h, w, D) -> every layer's (B, h, w, D)
        seen = []
        for layer in self.layer:
            x = layer(x)
            seen.append(x)
        return seen


class MobileViTModel(nn.Model):
    """MobileViT without a head. Inputs: pixel_values (B, C, H, W), of any size."""

    config_class = Config
    body_prefix = "mobilevit"
    optional = ("conv_1x1_exp",)

    def __init__(self, c: Config, expand_output: bool = True):
        super().__init__(c)
        widths, act = c.neck_hidden_sizes, c.hidden_act
        self.conv_stem = ConvLayer(c.num_channels, widths[0], size=3, stride=2, activation=act)
        self.encoder = Encoder(c)
        self.expands = expand_output
        if expand_output:
            self.conv_1x1_exp = ConvLayer(widths[5], widths[6], activation=act)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, *self.config.pair("image_size")), "float32")}

    def forward(self, pixel_values, output_hidden_states=None):
        c = self.config
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        seen = self.encoder(self.conv_stem(images.enter(pixel_values, c.num_channels)))
        x = self.conv_1x1_exp(seen[-1]) if self.expands else seen[-1]  # (B, h, w, D)
        pooled = images.average(x) if self.expands else None
        return BaseModelOutputWithPooling(images.leave(x), pooled, images.leave(tuple(seen)) if keeps else None)


class MobileViTForImageClassification(heads.Head, body=MobileViTModel):
    """MobileViT that classifies an image. Labels: as `classification_loss` of the heads has them."""

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.dropout = nn.Dropout(c.classifier_dropout_prob)
        self.classifier = nn.Linear(c.neck_hidden_sizes[-1], c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier(self.dropout(out.pooler_output))  # (B, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states"))


class Pooling(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv_1x1 = ConvLayer(inputs, outputs, activation="relu")

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, outputs)
        batch, h, w, _ = ops.shape(x)
        x = self.conv_1x1(images.average(x)[:, None, None])
        return ops.broadcast_to(x, (batch, h, w, ops.shape(x)[-1]))


class ASPP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        inputs, width = c.neck_hidden_sizes[-2], c.aspp_out_channels
        wide = (ConvLayer(inputs, width, 3, dilation=rate, activation="relu") for rate in c.atrous_rates)
        self.convs = nn.Layers([ConvLayer(inputs, width, activation="relu"), *wide, Pooling(inputs, width)])
        self.project = ConvLayer(5 * width, width, activation="relu")
        self.dropout = nn.Dropout(c.aspp_dropout_prob)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, aspp_out_channels)
        return self.dropout(self.project(ops.concat([conv(x) for conv in self.convs], -1)))


class DeepLabV3(nn.Module):
    """Source: Chen and others, arXiv:1706.05587."""

    def __init__(self, c: Config):
        super().__init__()
        self.aspp = ASPP(c)
        self.dropout = nn.Dropout(c.classifier_dropout_prob)
        self.classifier = ConvLayer(c.aspp_out_channels, c.num_labels, bias=True, norm=False)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, L)
        x = self.aspp(x)
        batch, *_, width = ops.shape(x)
        return self.classifier(x * self.dropout(ops.zeros((batch, 1, 1, width), x) + 1))  # drops whole channels


class MobileViTForSemanticSegmentation(heads.Head, body=MobileViTModel):
    """MobileViT that names every pixel, on a grid `output_stride` times as coarse as the image.

    Labels: (B, H, W), `semantic_loss_ignore_index` where there is none.
    """

    body_options = {"expand_output": False}
    optional = ("segmentation_head",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.segmentation_head = DeepLabV3(c)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.segmentation_head(ops.transpose(out.last_hidden_state, (0, 2, 3, 1)))
        loss = heads.segmentation_loss(logits, labels, self.config)
        return HeadOutput(loss, images.leave(logits), **heads.kept(out, "hidden_states"))
