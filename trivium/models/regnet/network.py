"""RegNet: ResNet with grouped convolutions, and widths that a simple rule gives; its Y kind also weighs its channels.

Radosavovic and others, arXiv:2003.13678. Checkpoint: facebook/regnet-y-040.
Letters: B batch, C channels, H W image size, h w places of a stage, D width of a stage.
"""

from trivium.core.init import fan_in_bias
from trivium.models.regnet.config import RegNetConfig as Config

from .. import images, nn
from ..resnet import network as resnet


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.embedder = resnet.ConvLayer(c.num_channels, c.embedding_size, stride=2, activation=c.hidden_act)

    def forward(self, x):  # (B, H, W, C) -> (B, H / 2, W / 2, D)
        return self.embedder(x)


class SqueezeExcitation(nn.Module):
    """Weighs every channel by what is seen in all of them. Source: Hu and others, arXiv:1709.01507."""

    def __init__(self, width: int, inner: int):
        super().__init__()
        squeeze = nn.Conv2d(width, inner, kernel_size=(1, 1), bias_init=fan_in_bias(width))
        excite = nn.Conv2d(inner, width, kernel_size=(1, 1), bias_init=fan_in_bias(inner))
        self.attention = nn.Layers([squeeze, images.Activation("relu"), excite, images.Activation("sigmoid")])

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, D)
        y = images.average(x)[:, None, None]  # (B, 1, 1, D)
        for part in self.attention:
            y = part(y)
        return x * y


class XLayer(resnet.Layer):
    def parts(self, inputs, outputs, stride, c):
        groups = max(1, outputs // c.groups_width)
        return (
            resnet.ConvLayer(inputs, outputs, size=1, activation=c.hidden_act),
            resnet.ConvLayer(outputs, outputs, stride=stride, groups=groups, activation=c.hidden_act),
            resnet.ConvLayer(outputs, outputs, size=1),
        )


class YLayer(XLayer):
    def parts(self, inputs, outputs, stride, c):
        *first, last = super().parts(inputs, outputs, stride, c)
        return *first, SqueezeExcitation(outputs, round(inputs / 4)), last


class Stage(nn.Module):
    def __init__(self, i: int, c: Config):
        super().__init__()
        layer = {"x": XLayer, "y": YLayer}[c.layer_type]
        before, width = (c.embedding_size, *c.hidden_sizes)[i : i + 2]
        self.layers = nn.Layers(layer(width if j else before, width, 1 if j else 2, c) for j in range(c.depths[i]))

    def forward(self, x, cache=None):  # (B, h, w, D) -> (B, h / 2, w / 2, 2 D) as a rule
        return self.layers(x)[0], {}


class Encoder(resnet.Encoder):
    stage_class = Stage


class RegNetModel(resnet.ResNetModel):
    """RegNet without a head. Inputs: pixel_values (B, C, H, W), normalised."""

    config_class = Config
    body_prefix = "regnet"
    embeddings_class = Embeddings
    encoder_class = Encoder


class RegNetForImageClassification(resnet.ResNetForImageClassification, body=RegNetModel):
    """RegNet that classifies an image. Labels: as `classification_loss` of the heads has them."""
