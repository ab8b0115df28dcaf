"""UPerNet's heads, which name the pixels of an image from features of four scales. Xiao and others, arXiv:1807.10221.

Letters: B batch, h w places of a scale, D width of the features, E width of the head, L labels.
"""

from . import images, nn, ops

EPS = 1e-5


class ConvModule(nn.Module):
    def __init__(self, inputs: int, outputs: int, size: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=(size, size), padding=(size // 2, size // 2), bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=EPS, momentum=0.1)

    def forward(self, x):  # (B, h, w, inputs) -> (B, h, w, outputs)
        return ops.relu(self.bn(self.conv(x)))


class UperHead(nn.Module):
    def __init__(self, widths: list[int], width: int, scales: tuple[int, ...], labels: int):
        super().__init__()
        self.classifier = nn.Conv2d(width, labels, kernel_size=(1, 1))
        self.psp_modules = nn.Layers(
            nn.Layers([images.Average((scale, scale)), ConvModule(widths[-1], width, size=1)]) for scale in scales
        )
        self.bottleneck = ConvModule(widths[-1] + len(scales) * width, width, size=3)
        self.lateral_convs = nn.Layers(ConvModule(inputs, width, size=1) for inputs in widths[:-1])
        self.fpn_convs = nn.Layers(ConvModule(width, width, size=3) for _ in widths[:-1])
        self.fpn_bottleneck = ConvModule(len(widths) * width, width, size=3)

    def forward(self, features):  # (B, h, w, D) of every scale, the finest first -> (B, h, w, L) of the first
        sizes = [ops.shape(x)[1:3] for x in features]
        top = features[-1]
        pooled = [ops.resize_bilinear(block[1](block[0](top)), sizes[-1]) for block in self.psp_modules]
        x = self.bottleneck(ops.concat([top, *pooled], -1))  # (B, h', w', E)
        laterals = [x]
        for i in reversed(range(len(features) - 1)):
            x = self.lateral_convs[i](features[i]) + ops.resize_bilinear(x, sizes[i])
            laterals.insert(0, x)
        outs = [conv(x) for conv, x in zip(self.fpn_convs, laterals[:-1], strict=True)] + laterals[-1:]
        x = ops.concat([outs[0], *(ops.resize_bilinear(x, sizes[0]) for x in outs[1:])], -1)
        return self.classifier(self.fpn_bottleneck(x))


class FCNHead(nn.Module):
    def __init__(self, inputs: int, width: int, count: int, concatenates: bool, labels: int):
        super().__init__()
        self.convs = nn.Layers(ConvModule(width if i else inputs, width, size=3) for i in range(count))
        self.concatenates = concatenates
        if concatenates:
            self.conv_cat = ConvModule(inputs + width, width, size=3)
        self.classifier = nn.Conv2d(width, labels, kernel_size=(1, 1))

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, L)
        y = x
        for conv in self.convs:
            y = conv(y)
        y = self.conv_cat(ops.concat([x, y], -1)) if self.concatenates else y
        return self.classifier(y)
