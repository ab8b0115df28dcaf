"""ResNet: a convolutional network of images whose blocks are added to what they take.

He and others, arXiv:1512.03385. Checkpoint: microsoft/resnet-50.
Letters: B batch, C channels, H W image size, h w places of a stage, D width of a stage, L labels.
"""

from trivium.core.init import FanInUniform, FanOutNormal, fan_in_bias
from trivium.core.outputs import BackboneOutput, BaseModelOutputWithPooling, HeadOutput
from trivium.models.resnet.config import ResNetConfig as Config

from .. import heads, images, nn, ops


class ConvLayer(nn.Module):
    def __init__(
        self, inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1, activation: str | None = None
    ):
        super().__init__()
        shape = {"kernel_size": (size, size), "stride": (stride, stride), "padding": (size // 2, size // 2)}
        self.convolution = nn.Conv2d(inputs, outputs, **shape, groups=groups, bias=False)
        self.normalization = self.make_norm(outputs)
        self.activates = activation is not None
        if self.activates:
            self.activation = ops.activation(activation)

    @staticmethod
    def make_norm(width: int):
        return nn.BatchNorm2d(width, eps=1e-5, momentum=0.1)

    def forward(self, x):  # (B, h, w, inputs) -> (B, h / stride, w / stride, outputs)
        x = self.normalization(self.convolution(x))
        return self.activation(x) if self.activates else x


class Embeddings(nn.Module):
    conv_class = ConvLayer

    def __init__(self, c: Config):
        super().__init__()
        self.embedder = self.conv_class(c.num_channels, c.embedding_size, size=7, stride=2, activation=c.hidden_act)

    def forward(self, x):  # (B, H, W, C) -> (B, H / 4, W / 4, D)
        return ops.max_pool(self.embedder(x), size=(3, 3), stride=(2, 2), padding=(1, 1))


class Layer(nn.Module):
    """What is added to the input, made to fit where the two differ in shape."""

    conv_class = ConvLayer

    def __init__(self, inputs: int, outputs: int, stride: int, c: Config):
        super().__init__()
        self.fits = inputs == outputs and stride == 1
        if not self.fits:
            self.shortcut = self.conv_class(inputs, outputs, size=1, stride=stride)
        self.layer = nn.Layers(self.parts(inputs, outputs, stride, c))
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x, cache=None):  # (B, h, w, inputs) -> (B, h / stride, w / stride, outputs)
        y = x
        for part in self.layer:
            y = part(y)
        return self.activation(y + (x if self.fits else self.shortcut(x))), {}


class BasicLayer(Layer):
    def parts(self, inputs, outputs, stride, c):
        conv = self.conv_class
        return conv(inputs, outputs, stride=stride, activation="relu"), conv(outputs, outputs)


class BottleneckLayer(Layer):
    def parts(self, inputs, outputs, stride, c):
        width = outputs // 4
        first, second = (stride, 1) if c.downsample_in_bottleneck else (1, stride)
        conv = self.conv_class
        return (
            conv(inputs, width, size=1, stride=first, activation="relu"),
            conv(width, width, stride=second, activation="relu"),
            conv(width, outputs, size=1),
        )


class Stage(nn.Module):
    layer_classes = {"basic": BasicLayer, "bottleneck": BottleneckLayer}

    def __init__(self, i: int, c: Config):
        super().__init__()
        layer = self.layer_classes[c.layer_type]
        before, width = (c.embedding_size, *c.hidden_sizes)[i : i + 2]
        stride = 2 if i > 0 or c.downsample_in_first_stage else 1
        first = layer(before, width, stride, c)
        self.layers = nn.Layers([first, *(layer(width, width, 1, c) for _ in range(c.depths[i] - 1))])

    def forward(self, x, cache=None):  # (B, h, w, D) -> (B, h / 2, w / 2, 2 D) as a rule
        return self.layers(x)[0], {}


class Encoder(nn.Module):
    stage_class = Stage

    def __init__(self, c: Config):
        super().__init__()
        self.stages = nn.Layers(self.stage_class(i, c) for i in range(len(c.depths)))

    def forward(self, x, hidden_states):  # (B, h, w, D) -> (B, h', w', D'), (B, D, h, w) of every stage
        x, kept = self.stages(x, hidden_states=hidden_states)
        return x, images.leave(kept["hidden_states"])


class ResNetModel(nn.Model):
    """ResNet without a head. Inputs: pixel_values (B, C, H, W), normalised."""

    config_class = Config
    body_prefix = "resnet"
    embeddings_class, encoder_class = Embeddings, Encoder

    def __init__(self, c: Config):
        super().__init__(c)
        self.embedder = self.embeddings_class(c)
        self.encoder = self.encoder_class(c)

    def initializer(self, config):
        return FanOutNormal()

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, None, None), "float32")}

    def forward(self, pixel_values, output_hidden_states=None):
        c = self.config
        hidden_states = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        x, seen = self.encoder(self.embedder(images.enter(pixel_values, c.num_channels)), hidden_states)
        pooled = images.average(x)[:, :, None, None]  # (B, h, w, D) -> (B, D, 1, 1)
        return BaseModelOutputWithPooling(images.leave(x), pooled, seen)


class ResNetForImageClassification(heads.Head, body=ResNetModel):
    """ResNet that classifies an image. Labels: as `classification_loss` of the heads has them."""

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        width = c.hidden_sizes[-1]
        last = nn.Linear(width, c.num_labels, init=FanInUniform(), bias_init=fan_in_bias(width))
        self.classifier = nn.Layers([images.Flatten(), last])

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier[1](self.classifier[0](out.pooler_output))  # (B, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states"))


class ResNetBackbone(nn.Model):
    """ResNet that hands over maps of features (B, D, h, w), of the stages that the config names in `out_features`."""

    config_class = Config
    body_prefix = "resnet"
    embeddings_class, encoder_class = Embeddings, Encoder

    def __init__(self, c: Config):
        super().__init__(c)
        self.embedder = self.embeddings_class(c)
        self.encoder = self.encoder_class(c)

    def initializer(self, config):
        return FanOutNormal()

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, None, None), "float32")}

    def forward(self, pixel_values, output_hidden_states=None):
        c = self.config
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        _, seen = self.encoder(self.embedder(images.enter(pixel_values, c.num_channels)), True)
        return BackboneOutput(tuple(seen[i] for i in c.wanted), seen if keeps else None)
