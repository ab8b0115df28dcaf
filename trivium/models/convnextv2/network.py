"""ConvNeXt V2: ConvNeXt whose channels compete within a layer.

Woo and others, arXiv:2301.00808. Checkpoint: facebook/convnextv2-tiny-1k-224.
Letters: B batch, h w places of a stage, D width of a stage.
"""

from trivium.core.init import ZEROS
from trivium.models.convnextv2.config import ConvNextV2Config as Config

from .. import heads, images, nn, ops, roots
from ..convnext import network as convnext


class GlobalResponseNorm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter((1, 1, 1, width), ZEROS)
        self.bias = nn.Parameter((1, 1, 1, width), ZEROS)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, D)
        y = images.tokens(x)
        norm = roots.root(ops.einsum("btd,btd->bd", y, y))[:, None, None]  # (B, 1, 1, D)
        share = norm / (ops.mean(norm, -1)[..., None] + 1e-6)
        return x * share * self.weight + self.bias + x


class Layer(nn.Module):
    def __init__(self, width: int, rate: float, c: Config):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, kernel_size=(7, 7), padding=(3, 3), groups=width)
        self.layernorm = nn.LayerNorm(width, eps=convnext.EPS)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.activation = ops.activation(c.hidden_act)
        self.grn = GlobalResponseNorm(4 * width)  # Unlike ConvNeXt, which scales the result instead
        self.pwconv2 = nn.Linear(4 * width, width)
        self.drop_path = nn.DropPath(rate)

    def forward(self, x, cache=None):  # (B, h, w, D) -> (B, h, w, D)
        y = self.grn(self.activation(self.pwconv1(self.layernorm(self.dwconv(x)))))
        return x + self.drop_path(self.pwconv2(y)), {}


class Stage(convnext.Stage):
    layer_class = Layer


class Encoder(convnext.Encoder):
    stage_class = Stage


class ConvNextV2Model(convnext.ConvNextModel):
    """ConvNeXt V2 without a head. Inputs: pixel_values (B, C, H, W), normalised."""

    config_class = Config
    body_prefix = "convnextv2"
    encoder_class = Encoder


class ConvNextV2ForImageClassification(heads.PooledImageClassification, body=ConvNextV2Model):
    """ConvNeXt V2 that classifies an image. Labels: as `classification_loss` of the heads has them."""


class ConvNextV2Backbone(convnext.ConvNextBackbone):
    """ConvNeXt V2 that hands over maps of features (B, D, h, w), of the stages that the config names in `out_features`."""

    config_class = Config
    body_prefix = "convnextv2"
    encoder_class = Encoder
