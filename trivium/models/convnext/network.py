"""ConvNeXt: a convolutional network of images in the shape of a transformer.

Liu and others, arXiv:2201.03545. Checkpoint: facebook/convnext-tiny-224.
Letters: B batch, C channels, H W image size, h w places of a stage, D width of a stage, L labels.
"""

from trivium.core.init import Constant
from trivium.core.outputs import BackboneOutput, BaseModelOutputWithPooling
from trivium.models.convnext.config import ConvNextConfig as Config

from .. import heads, images, nn, ops

EPS = 1e-6  # of every norm but the last, whatever the config says


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        size = (c.patch_size, c.patch_size)
        self.patch_embeddings = nn.Conv2d(c.num_channels, c.hidden_sizes[0], kernel_size=size, stride=size)
        self.layernorm = nn.LayerNorm(c.hidden_sizes[0], eps=EPS)

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D)
        return self.layernorm(self.patch_embeddings(x))


class Layer(nn.Module):
    def __init__(self, width: int, rate: float, c: Config):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, kernel_size=(7, 7), padding=(3, 3), groups=width)
        self.layernorm = nn.LayerNorm(width, eps=EPS)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.activation = ops.activation(c.hidden_act)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.scales = c.layer_scale_init_value > 0
        if self.scales:
            self.layer_scale_parameter = nn.Parameter((width,), Constant(c.layer_scale_init_value))
        self.drop_path = nn.DropPath(rate)

    def forward(self, x, cache=None):  # (B, h, w, D) -> (B, h, w, D)
        y = self.pwconv2(self.activation(self.pwconv1(self.layernorm(self.dwconv(x)))))
        if self.scales:
            y = y * self.layer_scale_parameter
        return x + self.drop_path(y), {}


class Stage(nn.Module):
    layer_class = Layer

    def __init__(self, i: int, rates: list[float], c: Config):
        super().__init__()
        width = c.hidden_sizes[i]
        self.shrinks = i > 0
        if self.shrinks:
            before = c.hidden_sizes[i - 1]
            shrink = nn.Conv2d(before, width, kernel_size=(2, 2), stride=(2, 2))
            self.downsampling_layer = nn.Layers([nn.LayerNorm(before, eps=EPS), shrink])
        self.layers = nn.Layers(self.layer_class(width, rate, c) for rate in rates)

    def forward(self, x, cache=None):  # (B, h, w, D) -> (B, h / 2, w / 2, 2 D) as a rule
        if self.shrinks:
            x = self.downsampling_layer[1](self.downsampling_layer[0](x))
        return self.layers(x)[0], {}


class Encoder(nn.Module):
    stage_class = Stage

    def __init__(self, c: Config):
        super().__init__()
        rates = images.rates(c.drop_path_rate, c.depths)
        self.stages = nn.Layers(self.stage_class(i, rates[i], c) for i in range(c.num_stages))

    def forward(self, x, hidden_states):  # (B, h, w, D) -> (B, h', w', D'), (B, D, h, w) of every stage
        x, kept = self.stages(x, hidden_states=hidden_states)
        return x, images.leave(kept["hidden_states"])


class ConvNextModel(nn.Model):
    """ConvNeXt without a head. Inputs: pixel_values (B, C, H, W), normalised."""

    config_class = Config
    body_prefix = "convnext"
    encoder_class = Encoder

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = self.encoder_class(c)
        self.layernorm = nn.LayerNorm(c.hidden_sizes[-1], eps=c.layer_norm_eps)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, None, None), "float32")}

    def forward(self, pixel_values, output_hidden_states=None):
        c = self.config
        hidden_states = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        x, seen = self.encoder(self.embeddings(images.enter(pixel_values, c.num_channels)), hidden_states)
        pooled = self.layernorm(images.average(x))  # (B, h, w, D) -> (B, D)
        return BaseModelOutputWithPooling(images.leave(x), pooled, seen)


class ConvNextForImageClassification(heads.PooledImageClassification, body=ConvNextModel):
    """ConvNeXt that classifies an image. Labels: as `classification_loss` of the heads has them."""


class Norms(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        for i in c.wanted:
            setattr(self, c.stage_names[i], nn.LayerNorm(c.hidden_sizes[max(i - 1, 0)], eps=EPS))

    def forward(self, x, name):  # (B, h, w, D) -> (B, h, w, D)
        return getattr(self, name)(x)


class ConvNextBackbone(nn.Model):
    """ConvNeXt that hands over maps of features (B, D, h, w), of the stages that the config names in `out_features`."""

    config_class = Config
    body_prefix = "convnext"
    encoder_class = Encoder
    optional = ("hidden_states_norms",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = self.encoder_class(c)
        self.hidden_states_norms = Norms(c)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, None, None), "float32")}

    def forward(self, pixel_values, output_hidden_states=None):
        c = self.config
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        _, kept = self.encoder.stages(self.embeddings(images.enter(pixel_values, c.num_channels)), hidden_states=True)
        seen = kept["hidden_states"]
        maps = tuple(images.leave(self.hidden_states_norms(seen[i], c.stage_names[i])) for i in c.wanted)
        return BackboneOutput(maps, images.leave(seen) if keeps else None)
