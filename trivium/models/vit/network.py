"""ViT: a transformer encoder of images, cut into patches.

Dosovitskiy and others, arXiv:2010.11929. Checkpoint: google/vit-base-patch16-224.
Letters: B batch, C channels, H W image size, h w patches along it, P = h w patches, T = P + 1 tokens, D width, N heads,
L labels.
"""

from trivium.core.errors import InputError
from trivium.core.init import ZEROS, TruncatedNormal
from trivium.core.outputs import BaseModelOutputWithPooling, HeadOutput, MaskedImageModelingOutput
from trivium.models.vit.config import ViTConfig as Config

from .. import heads, images, nn, ops


class PatchEmbeddings(nn.Module):
    def __init__(self, c: Config, init=None):
        super().__init__()
        self.projection = nn.Conv2d(c.num_channels, c.hidden_size, kernel_size=c.patch_hw, stride=c.patch_hw, init=init)

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D)
        return self.projection(x)


class Embeddings(nn.Module):
    def __init__(self, c: Config, masks_patches: bool):
        super().__init__()
        self.cls_token = nn.Parameter((1, 1, c.hidden_size), TruncatedNormal(c.initializer_range))
        if masks_patches:
            self.mask_token = nn.Parameter((1, 1, c.hidden_size), ZEROS)
        self.patch_embeddings = PatchEmbeddings(c)
        self.grid = c.grid
        tokens = self.grid[0] * self.grid[1] + 1
        self.position_embeddings = nn.Parameter((1, tokens, c.hidden_size), TruncatedNormal(c.initializer_range))
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x, masked, interpolates):  # (B, H, W, C), (B, P) -> (B, T, D)
        x = self.patch_embeddings(x)
        batch, h, w, width = ops.shape(x)
        x = ops.reshape(x, (batch, h * w, width))
        if masked is not None:
            x = ops.where(ops.cast(masked, "bool")[..., None], ops.cast_like(self.mask_token, x), x)
        first = ops.cast_like(self.first_tokens(), x)
        x = ops.concat([ops.broadcast_to(first, (batch, ops.shape(first)[1], width)), x], 1)
        positions = self.interpolated(h, w) if interpolates else self.position_embeddings
        return self.dropout(x + ops.cast_like(positions, x))

    def first_tokens(self):  # -> (1, T - P, D)
        return self.cls_token

    def interpolated(self, h, w):  # -> (1, T, D)
        if (h, w) == self.grid:
            return self.position_embeddings
        count = ops.shape(self.position_embeddings)[1] - self.grid[0] * self.grid[1]
        first, rest = self.position_embeddings[:, :count], self.position_embeddings[:, count:]
        rest = ops.resize_bicubic(ops.reshape(rest, (1, *self.grid, -1)), (h, w))
        return ops.concat([first, ops.reshape(rest, (1, h * w, -1))], 1)


class SelfAttention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.query = nn.Linear(c.hidden_size, c.hidden_size, bias=c.qkv_bias)
        self.key = nn.Linear(c.hidden_size, c.hidden_size, bias=c.qkv_bias)
        self.value = nn.Linear(c.hidden_size, c.hidden_size, bias=c.qkv_bias)
        self.dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.heads, self.scale = c.num_attention_heads, (c.hidden_size // c.num_attention_heads) ** -0.5

    def forward(self, x, attentions, mask=None):  # (B, T, D) -> (B, T, D), weights
        batch, tokens, width = ops.shape(x)
        shape = (batch, tokens, self.heads, width // self.heads)
        q, k, v = (ops.reshape(y, shape) for y in (self.query(x), self.key(x), self.value(x)))  # (B, T, N, D / N)
        x, weights = ops.attention(q, k, v, mask, scale=self.scale, dropout=self.dropout, weights=attentions)
        return ops.reshape(x, (batch, tokens, width)), weights


class Output(nn.Module):
    def __init__(self, width: int, c: Config):
        super().__init__()
        self.dense = nn.Linear(width, c.hidden_size)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x):  # (B, T, width) -> (B, T, D)
        return self.dropout(self.dense(x))


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = SelfAttention(c)
        self.output = Output(c.hidden_size, c)

    def forward(self, x, attentions, mask=None):  # (B, T, D) -> (B, T, D), weights
        x, weights = self.attention(x, attentions, mask)
        return self.output(x), weights


class Intermediate(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.intermediate_size)
        self.activation = ops.activation(c.hidden_act)

    def forward(self, x):  # (B, T, D) -> (B, T, intermediate_size)
        return self.activation(self.dense(x))


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = Attention(c)
        self.intermediate = Intermediate(c)
        self.output = Output(c.intermediate_size, c)
        self.layernorm_before = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.layernorm_after = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def forward(self, x, mask=None, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, weights = self.attention(self.layernorm_before(x), attentions, mask)
        x = x + y
        x = x + self.output(self.intermediate(self.layernorm_after(x)))
        return x, {"attentions": weights}


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))

    def forward(self, x, *shared, **options):
        return self.layer(x, *shared, **options)


class Pooler(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.pooler_output_size or c.hidden_size)
        self.activation = ops.activation(c.pooler_act)

    def forward(self, x):  # (B, T, D) -> (B, pooler_output_size)
        return self.activation(self.dense(x[:, 0]))


class ViTModel(nn.Model):
    """ViT without a head.

    Inputs: pixel_values (B, C, H, W), normalised; bool_masked_pos (B, P), patches to hide; interpolate_pos_encoding to take
    images of another size than the config's `image_size`.
    """

    config_class = Config
    body_prefix = "vit"
    optional = ("pooler", "embeddings.mask_token")
    embeddings_class = Embeddings

    def __init__(self, c: Config, add_pooling_layer: bool = True, use_mask_token: bool = False):
        super().__init__(c)
        self.embeddings = self.embeddings_class(c, use_mask_token)
        self.encoder = Encoder(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        if add_pooling_layer:
            self.pooler = Pooler(c)
        self.pools, self.masks_patches = add_pooling_layer, use_mask_token

    def initializer(self, config):
        return TruncatedNormal(config.initializer_range)

    def input_shapes(self):
        c = self.config
        return {"pixel_values": ((None, c.num_channels, *c.image_hw), "float32")}

    def forward(
        self,
        pixel_values,
        bool_masked_pos=None,
        interpolate_pos_encoding=False,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        self.check(pixel_values, bool_masked_pos, interpolate_pos_encoding)
        x = images.enter(pixel_values, c.num_channels)
        x, kept = self.encoder(
            self.embeddings(x, bool_masked_pos, interpolate_pos_encoding),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.layernorm(x)
        return BaseModelOutputWithPooling(x, self.pooler(x) if self.pools else None, **kept)

    def check(self, pixel_values, bool_masked_pos, interpolates):
        c = self.config
        *_, h, w = ops.shape(pixel_values)
        if not interpolates and isinstance(h, int) and isinstance(w, int) and (h, w) != c.image_hw:
            why = f"images are {h} x {w}; the config says {c.image_hw[0]} x {c.image_hw[1]}"
            raise InputError(why, hint="resize them, or pass interpolate_pos_encoding=True")
        if bool_masked_pos is not None and not self.masks_patches:
            raise InputError("bool_masked_pos needs a model with a mask token", hint="use_mask_token=True makes one")


class ViTForImageClassification(heads.Head, body=ViTModel):
    """ViT that classifies an image. Labels: as `classification_loss` of the heads has them."""

    body_options = {"add_pooling_layer": False}
    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = nn.Linear(c.hidden_size, c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier(out.last_hidden_state[:, 0])  # (B, T, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class ViTForMaskedImageModeling(heads.Head, body=ViTModel):
    """ViT that paints the hidden patches of an image, after SimMIM (arXiv:2111.09886). The loss is over what was hidden."""

    body_options = {"add_pooling_layer": False, "use_mask_token": True}
    optional = ("decoder",)

    def __init__(self, c: Config):
        super().__init__(c)
        pixels = c.encoder_stride**2 * c.num_channels
        self.decoder = nn.Layers([nn.Conv2d(c.hidden_size, pixels, kernel_size=(1, 1), stride=(1, 1))])

    def forward(self, pixel_values, bool_masked_pos=None, **options):
        c = self.config
        if bool_masked_pos is not None and c.patch_size != c.encoder_stride:
            why = f"to hide patches, patch_size = {c.patch_size} and encoder_stride = {c.encoder_stride} must be equal"
            raise InputError(why, key="encoder_stride")
        out = self.body(pixel_values, bool_masked_pos, **options)
        x = self.patches(out.last_hidden_state)
        batch, _, height, _ = ops.shape(pixel_values)
        x = self.decoder[0](ops.reshape(x, (batch, height // c.patch_hw[0], -1, c.hidden_size)))  # (B, h, w, C stride^2)
        image = images.paint(x, c.num_channels, c.encoder_stride)
        loss = None
        if bool_masked_pos is not None:
            loss = images.painting_loss(image, pixel_values, bool_masked_pos, c.patch_hw)
        return MaskedImageModelingOutput(loss, image, **heads.kept(out, "hidden_states", "attentions"))

    def patches(self, x):  # (B, T, D) -> (B, P, D)
        return x[:, 1:]
