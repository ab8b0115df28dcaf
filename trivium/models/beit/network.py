"""BEiT: ViT that knows where patches are from how far they are apart, and learns to name hidden ones.

Bao and others, arXiv:2106.08254. Checkpoint: microsoft/beit-base-patch16-224-pt22k.
Letters: B batch, C channels, H W image size, h w patches along it, P = h w patches, T = P + 1 tokens, D width, N heads,
V visual tokens, L labels.
"""

from trivium.core.errors import InputError
from trivium.core.init import ZEROS, Constant
from trivium.core.outputs import BackboneOutput, BaseModelOutputWithPooling, HeadOutput
from trivium.models.beit.config import BeitConfig as Config

from .. import heads, images, nn, ops, upernet
from ..vit import network as vit


class Embeddings(vit.Embeddings):
    def __init__(self, c: Config):
        nn.Module.__init__(self)
        self.cls_token = nn.Parameter((1, 1, c.hidden_size), ZEROS)
        if c.use_mask_token:
            self.mask_token = nn.Parameter((1, 1, c.hidden_size), ZEROS)
        self.patch_embeddings = vit.PatchEmbeddings(c)
        self.grid, self.places = c.grid, c.use_absolute_position_embeddings
        if self.places:
            self.position_embeddings = nn.Parameter((1, c.grid[0] * c.grid[1] + 1, c.hidden_size), ZEROS)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x, masked=None):  # (B, H, W, C), (B, P) -> (B, T, D), (h, w)
        x = self.patch_embeddings(x)
        batch, h, w, width = ops.shape(x)
        x = images.tokens(x)
        if masked is not None:
            x = ops.where(ops.cast(masked, "bool")[..., None], ops.cast_like(self.mask_token, x), x)
        x = ops.concat([ops.broadcast_to(ops.cast_like(self.cls_token, x), (batch, 1, width)), x], 1)
        x = x + ops.cast_like(self.interpolated(h, w), x) if self.places else x  # Unlike ViT, which has them always
        return self.dropout(x), (h, w)


class RelativePositionBias(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.spans = 2 * c.grid[0] - 1, 2 * c.grid[1] - 1
        count = self.spans[0] * self.spans[1] + 3  # two patches; the first token and a patch; a patch and it; it and itself
        self.relative_position_bias_table = nn.Parameter((count, c.num_attention_heads), ZEROS)

    def forward(self, size):  # (h, w) -> (1, N, T, T)
        spans = 2 * size[0] - 1, 2 * size[1] - 1
        table = self.relative_position_bias_table
        if spans != self.spans:
            patches = ops.reshape(table[:-3], (1, *self.spans[::-1], -1))  # in this order, as in Transformers
            patches = ops.reshape(ops.resize_bilinear(patches, spans), (spans[0] * spans[1], -1))
            table = ops.concat([patches, table[-3:]], 0)
        bias = ops.take(table, self.index(size, table))  # (T, T, N)
        return ops.transpose(bias, (2, 0, 1))[None]

    def index(self, size, like):  # -> (T, T), the row of the table for each pair of tokens
        h, w = size
        rows = ops.reshape(ops.broadcast_to(ops.arange(h, like)[:, None], size), (-1,))
        columns = ops.reshape(ops.broadcast_to(ops.arange(w, like)[None], size), (-1,))
        down, right = (x[:, None] - x[None] for x in (rows, columns))
        patches = (down + h - 1) * (2 * w - 1) + right + w - 1  # (P, P)
        last = (2 * h - 1) * (2 * w - 1)
        zeros = ops.zeros((1, h * w), patches)
        top = ops.concat([ops.zeros((1, 1), patches) + last + 2, zeros + last], 1)
        return ops.concat([top, ops.concat([ops.transpose(zeros, (1, 0)) + last + 1, patches], 1)], 0)


class SelfAttention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.query = nn.Linear(c.hidden_size, c.hidden_size)
        self.key = nn.Linear(c.hidden_size, c.hidden_size, bias=False)
        self.value = nn.Linear(c.hidden_size, c.hidden_size)
        self.dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.biased = c.use_relative_position_bias
        if self.biased:
            self.relative_position_bias = RelativePositionBias(c)
        self.heads, self.scale = c.num_attention_heads, (c.hidden_size // c.num_attention_heads) ** -0.5

    def forward(self, x, size, bias, attentions):  # (B, T, D), (h, w), (1, N, T, T) -> (B, T, D), weights
        batch, tokens, width = ops.shape(x)
        shape = (batch, tokens, self.heads, width // self.heads)
        q, k, v = (ops.reshape(y, shape) for y in (self.query(x), self.key(x), self.value(x)))  # (B, T, N, D / N)
        if self.biased:
            own = self.relative_position_bias(size)
            bias = own if bias is None else bias + own
        bias = None if bias is None else ops.cast_like(bias, x)
        x, weights = ops.attention(q, k, v, bias=bias, scale=self.scale, dropout=self.dropout, weights=attentions)
        return ops.reshape(x, (batch, tokens, width)), weights


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = SelfAttention(c)
        self.output = vit.Output(c.hidden_size, c)

    def forward(self, x, size, bias, attentions):  # (B, T, D) -> (B, T, D), weights
        x, weights = self.attention(x, size, bias, attentions)
        return self.output(x), weights


class Layer(nn.Module):
    def __init__(self, rate: float, c: Config):
        super().__init__()
        self.attention = Attention(c)
        self.intermediate = vit.Intermediate(c)
        self.output = vit.Output(c.intermediate_size, c)
        self.layernorm_before = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.drop_path = nn.DropPath(rate)
        self.layernorm_after = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.scales = c.layer_scale_init_value > 0
        if self.scales:
            self.lambda_1 = nn.Parameter((c.hidden_size,), Constant(c.layer_scale_init_value))
            self.lambda_2 = nn.Parameter((c.hidden_size,), Constant(c.layer_scale_init_value))

    def forward(self, x, size, bias, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, weights = self.attention(self.layernorm_before(x), size, bias, attentions)
        x = x + self.drop_path(y * self.lambda_1 if self.scales else y)
        y = self.output(self.intermediate(self.layernorm_after(x)))
        x = x + self.drop_path(y * self.lambda_2 if self.scales else y)
        return x, {"attentions": weights}


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.biased = c.use_shared_relative_position_bias
        if self.biased:
            self.relative_position_bias = RelativePositionBias(c)
        self.layer = nn.Layers(Layer(rate, c) for (rate,) in images.rates(c.drop_path_rate, c.depths))

    def forward(self, x, size, **options):  # (B, T, D), (h, w) -> (B, T, D), what was kept
        return self.layer(x, size, self.relative_position_bias(size) if self.biased else None, **options)


class Pooler(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.averages = c.use_mean_pooling
        if self.averages:
            self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def forward(self, x):  # (B, T, D) -> (B, D)
        return self.layernorm(ops.mean(x[:, 1:], 1)) if self.averages else x[:, 0]


class BeitModel(nn.Model):
    """BEiT without a head.

    Inputs: pixel_values (B, C, H, W), normalised, of any size; bool_masked_pos (B, P), patches to hide.
    """

    config_class = Config
    body_prefix = "beit"
    optional = ("pooler", "embeddings.mask_token")

    def __init__(self, c: Config, add_pooling_layer: bool = True):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)
        if not c.use_mean_pooling:
            self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        if add_pooling_layer:
            self.pooler = Pooler(c)
        self.pools, self.norms = add_pooling_layer, not c.use_mean_pooling

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, *self.config.image_hw), "float32")}

    def forward(self, pixel_values, bool_masked_pos=None, output_attentions=None, output_hidden_states=None):
        c = self.config
        if bool_masked_pos is not None and not c.use_mask_token:
            raise InputError("bool_masked_pos needs a mask token; the config says use_mask_token=False", key="bool_masked_pos")
        x, kept = self.encoder(
            *self.embeddings(images.enter(pixel_values, c.num_channels), bool_masked_pos),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.layernorm(x) if self.norms else x
        return BaseModelOutputWithPooling(x, self.pooler(x) if self.pools else None, **kept)


class BeitForMaskedImageModeling(heads.Head, body=BeitModel):
    """BEiT that names the hidden patches. Logits: (B, P, V). Labels: (M,), the visual tokens of the hidden patches in order."""

    body_options = {"add_pooling_layer": False}
    optional = ("layernorm", "lm_head")

    def __init__(self, c: Config):
        super().__init__(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.lm_head = nn.Linear(c.hidden_size, c.vocab_size)

    def forward(self, pixel_values, bool_masked_pos=None, labels=None, **options):
        out = self.body(pixel_values, bool_masked_pos, **options)
        logits = self.lm_head(self.layernorm(out.last_hidden_state)[:, 1:])  # (B, T, D) -> (B, P, V)
        loss = None
        if labels is not None:
            hidden = ops.reshape(ops.cast(bool_masked_pos, "int32"), (-1,))
            found = ops.take(labels, ops.maximum(ops.cumsum(hidden, 0) - 1, 0))  # (B P,)
            loss = heads.token_loss(logits, ops.where(hidden > 0, found, found * 0 - 100))
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class BeitForImageClassification(heads.Head, body=BeitModel):
    """BEiT that classifies an image. Labels: as `classification_loss` of the heads has them."""

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = nn.Linear(c.hidden_size, c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier(out.pooler_output)  # (B, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class BeitForSemanticSegmentation(heads.Head, body=BeitModel):
    """BEiT that names every pixel, by UPerNet, on a grid four times as fine as the patches.

    Labels: (B, H, W), `semantic_loss_ignore_index` where there is none. The config's `out_indices` are four layers.
    """

    body_options = {"add_pooling_layer": False}
    optional = ("fpn1", "fpn2", "decode_head", "auxiliary_head")

    def __init__(self, c: Config):
        super().__init__(c)
        if c.out_indices is None or len(c.out_indices) != 4:
            raise c.error("out_indices", f"= {c.out_indices} must be four layers, such as [3, 5, 7, 11]")
        width, twice = c.hidden_size, {"kernel_size": (2, 2), "stride": (2, 2)}
        finer, finest = nn.ConvTranspose2d(width, width, **twice), nn.ConvTranspose2d(width, width, **twice)
        norm = nn.BatchNorm2d(width, eps=upernet.EPS, momentum=0.1)
        self.fpn1 = nn.Layers([finer, norm, images.Activation("gelu"), finest])
        self.fpn2 = nn.Layers([nn.ConvTranspose2d(width, width, **twice)])
        self.decode_head = upernet.UperHead([width] * 4, width, c.pool_scales, c.num_labels)
        if c.use_auxiliary_head:
            self.auxiliary_head = upernet.FCNHead(
                width, c.auxiliary_channels, c.auxiliary_num_convs, c.auxiliary_concat_input, c.num_labels
            )

    def forward(self, pixel_values, labels=None, output_attentions=None, output_hidden_states=None):
        c = self.config
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        out = self.body(pixel_values, None, output_attentions, True)
        batch = ops.shape(pixel_values)[0]
        chosen = [x for i, x in enumerate(out.hidden_states) if i + 1 in c.out_indices]
        a, b, x, d = (ops.reshape(y[:, 1:], (batch, *c.grid, c.hidden_size)) for y in chosen)  # (B, h, w, D) each
        for layer in self.fpn1:
            a = layer(a)
        features = [a, self.fpn2[0](b), x, ops.max_pool(d, size=(2, 2), stride=(2, 2), padding=(0, 0))]
        logits = self.decode_head(features)  # (B, 4 h, 4 w, L)
        loss = heads.segmentation_loss(logits, labels, c)
        if labels is not None and c.use_auxiliary_head:
            auxiliary = self.auxiliary_head(features[2])
            loss = loss + c.auxiliary_loss_weight * heads.segmentation_loss(auxiliary, labels, c)
        seen = out.hidden_states if keeps else None
        return HeadOutput(loss, images.leave(logits), hidden_states=seen, attentions=out.attentions)


class BeitBackbone(nn.Model):
    """BEiT that hands over maps of features (B, D, h, w), or tokens (B, T, D), of the layers in `out_features`."""

    config_class = Config
    body_prefix = "beit"
    optional = ("embeddings.mask_token",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, *self.config.image_hw), "float32")}

    def forward(self, pixel_values, output_hidden_states=None, output_attentions=None):
        c = self.config
        x, size = self.embeddings(images.enter(pixel_values, c.num_channels))
        attentions = c.output_attentions if output_attentions is None else output_attentions
        _, kept = self.encoder(x, size, attentions=attentions, hidden_states=True)
        seen = kept["hidden_states"]
        maps = tuple(seen[i] for i in c.wanted)
        if c.reshape_hidden_states:
            shape = (ops.shape(x)[0], *size, c.hidden_size)
            maps = tuple(images.leave(ops.reshape(y[:, 1:], shape)) for y in maps)
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        return BackboneOutput(maps, seen if keeps else None, kept["attentions"])
