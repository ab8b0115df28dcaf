"""ResNets whose norms keep the statistics and scales of their checkpoint, by the names of Transformers and by those of timm.

Letters: B batch, H W image size, h w places of a stage, C channels, D width of a stage.
"""

from trivium.core.init import ONES, ZEROS, FanOutNormal

from . import nn, ops
from .resnet import network as resnet


class FrozenBatchNorm(nn.Module):
    """A BatchNorm2d that only scales and shifts, whatever it is shown."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Buffer((width,), ONES)
        self.bias = nn.Buffer((width,), ZEROS)
        self.running_mean = nn.Buffer((width,), ZEROS)
        self.running_var = nn.Buffer((width,), ONES)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, D)
        weight, bias, mean, variance = (
            ops.cast_like(y, x) for y in (self.weight, self.bias, self.running_mean, self.running_var)
        )
        scale = weight / ops.sqrt(variance + 1e-5)
        return x * scale + (bias - mean * scale)


# By the names of Transformers


class ConvLayer(resnet.ConvLayer):
    @staticmethod
    def make_norm(width):
        return FrozenBatchNorm(width)


class Embeddings(resnet.Embeddings):
    conv_class = ConvLayer


class BasicLayer(resnet.BasicLayer):
    conv_class = ConvLayer


class BottleneckLayer(resnet.BottleneckLayer):
    conv_class = ConvLayer


class Stage(resnet.Stage):
    layer_classes = {"basic": BasicLayer, "bottleneck": BottleneckLayer}


class Encoder(resnet.Encoder):
    stage_class = Stage


class FrozenBackbone(resnet.ResNetBackbone):
    """ResNetBackbone with frozen norms. `widths` are those of the stages that the config names."""

    embeddings_class, encoder_class = Embeddings, Encoder

    def __init__(self, c):
        super().__init__(c)
        every = (c.embedding_size, *c.hidden_sizes)
        self.widths = tuple(every[i] for i in c.wanted)

    def features(self, x):  # (B, H, W, C) -> tuple of (B, h, w, D)
        _, kept = self.encoder.stages(self.embedder(x), hidden_states=True)
        return tuple(kept["hidden_states"][i] for i in self.config.wanted)


# By the names of timm


class Basic(nn.Module):
    """Two convolutions, and what they are added to: (B, h, w, inputs) to (B, h / stride, w / stride, outputs).

    The first of size 3 has the stride, and looks `reaches[0]` places far; a second looks `reaches[1]` far.
    """

    factor = 1

    def __init__(self, inputs, width, stride, reaches):
        super().__init__()
        outputs = width * self.factor
        for i, (before, after, size, step, reach) in enumerate(self.shapes(inputs, width, stride, reaches), start=1):
            setattr(self, f"conv{i}", _conv(before, after, size, step, reach))
            setattr(self, f"bn{i}", FrozenBatchNorm(after))
        self.fits = inputs == outputs and stride == 1
        if not self.fits:
            self.downsample = nn.Layers([_conv(inputs, outputs, 1, stride), FrozenBatchNorm(outputs)])

    def shapes(self, inputs, width, stride, reaches):
        return (inputs, width, 3, stride, reaches[0]), (width, width, 3, 1, reaches[1])

    def parts(self):
        return (self.conv1, self.bn1), (self.conv2, self.bn2)

    def forward(self, x, cache=None):
        *first, (conv, norm) = self.parts()
        y = x
        for before, scale in first:
            y = ops.relu(scale(before(y)))
        if not self.fits:
            x = self.downsample[1](self.downsample[0](x))
        return ops.relu(norm(conv(y)) + x), {}


class Bottleneck(Basic):
    """Three convolutions, the first and last of single places."""

    factor = 4

    def shapes(self, inputs, width, stride, reaches):
        return (inputs, width, 1, 1, 1), (width, width, 3, stride, reaches[0]), (width, width * self.factor, 1, 1, 1)

    def parts(self):
        return *super().parts(), (self.conv3, self.bn3)


def _conv(inputs, outputs, size, stride, reach=1):
    padding = size // 2 * reach
    shape = {"kernel_size": (size, size), "stride": (stride, stride), "padding": (padding, padding)}
    return nn.Conv2d(inputs, outputs, **shape, bias=False, dilation=(reach, reach), init=FanOutNormal())


class TimmResNet(nn.Module):
    """The ResNet that timm knows by a name such as "resnet50", and hands over the maps of features of its four stages.

    Once a place is `output_stride` pixels, stages have no stride any more and look further instead: all blocks but the first
    see what they would see with it. Source: Yu and Koltun, arXiv:1511.07122; timm's `make_blocks`.
    """

    block_classes = {"basic": Basic, "bottleneck": Bottleneck}

    def __init__(self, kind, depths, channels, output_stride):
        super().__init__()
        block = self.block_classes[kind]
        self.conv1 = _conv(channels, 64, 7, 2)
        self.bn1 = FrozenBatchNorm(64)
        self.widths, before = tuple(64 * 2**i * block.factor for i in range(len(depths))), 64
        reach = 1
        for i, depth in enumerate(depths):
            stride = 2 if i and 4 * 2**i <= output_stride else 1
            earlier, reach = reach, reach * (2 if i and stride == 1 else 1)
            first = block(before, 64 * 2**i, stride, (earlier, reach))
            before = self.widths[i]
            rest = (block(before, 64 * 2**i, 1, (reach, reach)) for _ in range(depth - 1))
            setattr(self, f"layer{i + 1}", nn.Layers([first, *rest]))

    def features(self, x):
        """Of images (B, H, W, C) the maps of features (B, h, w, D)."""
        x = ops.relu(self.bn1(self.conv1(x)))
        x = ops.max_pool(x, size=(3, 3), stride=(2, 2), padding=(1, 1))
        found = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x, _ = stage(x)
            found.append(x)
        return tuple(found)
