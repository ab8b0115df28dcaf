"""DINOv2: ViT trained without labels, whose layers scale what they add.

Oquab and others, arXiv:2304.07193. Checkpoint: facebook/dinov2-base.
Letters: B batch, C channels, H W image size, h w patches along it, P = h w patches, T = P + 1 tokens, D width, L labels.
"""

from trivium.core.errors import InputError
from trivium.core.init import ZEROS, Constant, TruncatedNormal
from trivium.core.outputs import BackboneOutput, BaseModelOutputWithPooling, HeadOutput
from trivium.models.dinov2.config import Dinov2Config as Config

from .. import heads, images, nn, ops
from ..vit import network as vit


class Embeddings(vit.Embeddings):
    def __init__(self, c: Config):
        nn.Module.__init__(self)
        init = TruncatedNormal(c.initializer_range)
        self.cls_token = nn.Parameter((1, 1, c.hidden_size), init)
        if c.use_mask_token:
            self.mask_token = nn.Parameter((1, c.hidden_size), ZEROS)
        self.patch_embeddings = vit.PatchEmbeddings(c)
        self.grid = c.grid
        self.position_embeddings = nn.Parameter((1, c.grid[0] * c.grid[1] + 1, c.hidden_size), init)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)


class LayerScale(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.lambda1 = nn.Parameter((c.hidden_size,), Constant(c.layerscale_value))

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return x * self.lambda1


class MLP(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = int(c.hidden_size * c.mlp_ratio)
        self.fc1 = nn.Linear(c.hidden_size, width)
        self.activation = ops.activation(c.hidden_act)
        self.fc2 = nn.Linear(width, c.hidden_size)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.fc2(self.activation(self.fc1(x)))


class SwiGLU(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = (int(int(c.hidden_size * c.mlp_ratio) * 2 / 3) + 7) // 8 * 8
        self.weights_in = nn.Linear(c.hidden_size, 2 * width)
        self.weights_out = nn.Linear(width, c.hidden_size)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        gate, x = ops.split(self.weights_in(x), 2, -1)
        return self.weights_out(ops.silu(gate) * x)


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.norm1 = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.attention = vit.Attention(c)
        self.layer_scale1 = LayerScale(c)
        self.drop_path = nn.DropPath(c.drop_path_rate)
        self.norm2 = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.mlp = SwiGLU(c) if c.use_swiglu_ffn else MLP(c)
        self.layer_scale2 = LayerScale(c)

    def forward(self, x, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, weights = self.attention(self.norm1(x), attentions)
        x = x + self.drop_path(self.layer_scale1(y))
        x = x + self.drop_path(self.layer_scale2(self.mlp(self.norm2(x))))
        return x, {"attentions": weights}


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))

    def forward(self, x, **options):
        return self.layer(x, **options)


class Dinov2Model(nn.Model):
    """DINOv2 without a head.

    Inputs: pixel_values (B, C, H, W), normalised, of any size; bool_masked_pos (B, P), patches to hide.
    """

    config_class = Config
    body_prefix = "dinov2"
    optional = ("embeddings.mask_token",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def initializer(self, config):
        return TruncatedNormal(config.initializer_range)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, *self.config.image_hw), "float32")}

    def forward(self, pixel_values, bool_masked_pos=None, output_attentions=None, output_hidden_states=None):
        c = self.config
        if bool_masked_pos is not None and not c.use_mask_token:
            raise InputError("bool_masked_pos needs a mask token; the config says use_mask_token=False", key="bool_masked_pos")
        x, kept = self.encoder(
            self.embeddings(images.enter(pixel_values, c.num_channels), bool_masked_pos, True),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.layernorm(x)
        return BaseModelOutputWithPooling(x, x[:, 0], **kept)


class Dinov2ForImageClassification(heads.Head, body=Dinov2Model):
    """DINOv2 that classifies an image by its first token and the mean of the others.

    Labels: as `classification_loss` of the heads has them.
    """

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = nn.Linear(2 * c.hidden_size, c.num_labels)

    def forward(self, pixel_values, output_attentions=None, output_hidden_states=None, labels=None):
        out = self.body(pixel_values, None, output_attentions, output_hidden_states)
        x = out.last_hidden_state
        logits = self.classifier(ops.concat([x[:, 0], ops.mean(x[:, 1:], 1)], 1))  # (B, 2 D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class Dinov2Backbone(nn.Model):
    """DINOv2 that hands over maps of features (B, D, h, w), or tokens (B, T, D), of the layers in `out_features`."""

    config_class = Config
    body_prefix = "dinov2"
    optional = ("embeddings.mask_token",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def initializer(self, config):
        return TruncatedNormal(config.initializer_range)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, *self.config.image_hw), "float32")}

    def forward(self, pixel_values, output_hidden_states=None, output_attentions=None):
        c = self.config
        x = self.embeddings(images.enter(pixel_values, c.num_channels), None, True)
        attentions = c.output_attentions if output_attentions is None else output_attentions
        _, kept = self.encoder(x, attentions=attentions, hidden_states=True)
        seen = kept["hidden_states"]
        maps = tuple(self.features(seen[i], pixel_values) for i in c.wanted)
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        return BackboneOutput(maps, seen if keeps else None, kept["attentions"])

    def features(self, x, pixel_values):  # (B, T, D) -> (B, D, h, w) or (B, T, D)
        c = self.config
        x = self.layernorm(x) if c.apply_layernorm else x
        if not c.reshape_hidden_states:
            return x
        batch, _, height, width = ops.shape(pixel_values)
        size = (batch, height // c.patch_hw[0], width // c.patch_hw[1], c.hidden_size)
        return images.leave(ops.reshape(x[:, 1:], size))
