"""CvT: a transformer of images whose tokens, queries, keys and values come of convolutions, so that places need no embedding.

Wu and others, arXiv:2103.15808. Checkpoint: microsoft/cvt-13.
Letters: B batch, C channels, H W image size, h w places of a stage, D width of a stage, T tokens, L labels.
"""

from trivium.core.init import TruncatedNormal
from trivium.core.outputs import HeadOutput
from trivium.models.cvt.config import CvtConfig as Config
from trivium.models.cvt.outputs import CvtModelOutput

from .. import heads, images, multihead, nn, ops

EPS = 1e-5  # of all norms: config.json has a layer_norm_eps of 1e-12, which nobody reads


class Patches(nn.Module):
    def __init__(self, c: Config, i: int):
        super().__init__()
        size, stride, side = c.patch_sizes[i], c.patch_stride[i], c.patch_padding[i]
        channels = c.embed_dim[i - 1] if i else c.num_channels
        shape = {"kernel_size": (size, size), "stride": (stride, stride), "padding": (side, side)}
        self.projection = nn.Conv2d(channels, c.embed_dim[i], **shape)
        self.normalization = nn.LayerNorm(c.embed_dim[i], eps=EPS)

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D)
        return self.normalization(self.projection(x))


class Embedding(nn.Module):
    def __init__(self, c: Config, i: int):
        super().__init__()
        self.convolution_embeddings = Patches(c, i)
        self.dropout = nn.Dropout(c.drop_rate[i])

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D)
        return self.dropout(self.convolution_embeddings(x))


class Convolution(nn.Module):
    """Every channel by itself, normalised."""

    def __init__(self, width: int, size: int, stride: int, side: int):
        super().__init__()
        shape = {"kernel_size": (size, size), "stride": (stride, stride), "padding": (side, side)}
        self.convolution = nn.Conv2d(width, width, **shape, groups=width, bias=False)
        self.normalization = nn.BatchNorm2d(width, eps=EPS, momentum=0.1)

    def forward(self, x):  # (B, h, w, D) -> (B, h / stride, w / stride, D)
        return self.normalization(self.convolution(x))


class Projection(nn.Module):
    def __init__(self, width: int, size: int, stride: int, side: int):
        super().__init__()
        self.convolution_projection = Convolution(width, size, stride, side)

    def forward(self, x, first):  # (B, h, w, D), (B, 1, D) or None -> (B, T, D)
        x = images.tokens(self.convolution_projection(x))
        return x if first is None else ops.concat([first, x], 1)


class SelfAttention(nn.Module):
    def __init__(self, c: Config, i: int):
        super().__init__()
        width, size = c.embed_dim[i], c.kernel_qkv[i]
        self.convolution_projection_query = Projection(width, size, c.stride_q[i], c.padding_q[i])
        self.convolution_projection_key = Projection(width, size, c.stride_kv[i], c.padding_kv[i])
        self.convolution_projection_value = Projection(width, size, c.stride_kv[i], c.padding_kv[i])
        self.projection_query = nn.Linear(width, width, bias=c.qkv_bias[i])
        self.projection_key = nn.Linear(width, width, bias=c.qkv_bias[i])
        self.projection_value = nn.Linear(width, width, bias=c.qkv_bias[i])
        self.dropout = nn.Dropout(c.attention_drop_rate[i])
        self.heads, self.scale = c.num_heads[i], width**-0.5  # of the whole width, not of a head's

    def forward(self, x, first):  # (B, h, w, D), (B, 1, D) or None -> (B, T, D)
        q = self.projection_query(self.convolution_projection_query(x, first))
        k = self.projection_key(self.convolution_projection_key(x, first))
        v = self.projection_value(self.convolution_projection_value(x, first))
        q, k, v = (multihead.split(y, self.heads) for y in (q, k, v))
        return multihead.merge(ops.attention(q, k, v, scale=self.scale, dropout=self.dropout)[0])


class Output(nn.Module):
    def __init__(self, inputs: int, outputs: int, rate: float):
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)
        self.dropout = nn.Dropout(rate)

    def forward(self, x):  # (B, T, inputs) -> (B, T, outputs)
        return self.dropout(self.dense(x))


class Attention(nn.Module):
    def __init__(self, c: Config, i: int):
        super().__init__()
        self.attention = SelfAttention(c, i)
        self.output = Output(c.embed_dim[i], c.embed_dim[i], c.drop_rate[i])

    def forward(self, x, first):  # (B, h, w, D), (B, 1, D) or None -> (B, T, D)
        return self.output(self.attention(x, first))


class Intermediate(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, x):  # (B, T, inputs) -> (B, T, outputs)
        return ops.gelu(self.dense(x))


class Layer(nn.Module):
    def __init__(self, c: Config, i: int):
        super().__init__()
        width = c.embed_dim[i]
        inner = int(width * c.mlp_ratio[i])
        self.attention = Attention(c, i)
        self.intermediate = Intermediate(width, inner)
        self.output = Output(inner, width, c.drop_rate[i])
        self.layernorm_before = nn.LayerNorm(width, eps=EPS)
        self.layernorm_after = nn.LayerNorm(width, eps=EPS)
        # rates rise to drop_path_rate over a stage's layers; its number picks one of them for all, as in Transformers
        steps = max(c.depth[i] - 1, 1)
        self.drop_path = nn.DropPath(c.drop_path_rate[i] * min(i, steps) / steps)
        self.leads = c.cls_token[i]

    def forward(self, x, h, w, cache=None):  # (B, T, D), T is h w, and one for the image where there is one -> the same
        normal, first = self.layernorm_before(x), None
        if self.leads:
            first, normal = normal[:, :1], normal[:, 1:]
        batch, _, width = ops.shape(normal)
        x = x + self.drop_path(self.attention(ops.reshape(normal, (batch, h, w, width)), first))
        # the branch alone is dropped, as by the authors; Transformers drops the sum, too
        return x + self.drop_path(self.output(self.intermediate(self.layernorm_after(x)))), {}


class Stage(nn.Module):
    def __init__(self, c: Config, i: int):
        super().__init__()
        self.leads = c.cls_token[i]
        if self.leads:
            self.cls_token = nn.Parameter((1, 1, c.embed_dim[-1]))
        self.embedding = Embedding(c, i)
        self.layers = nn.Layers(Layer(c, i) for _ in range(c.depth[i]))

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D), (B, 1, D) or None
        x = self.embedding(x)
        batch, h, w, width = ops.shape(x)
        x, first = images.tokens(x), None
        if self.leads:
            first = ops.broadcast_to(ops.cast_like(self.cls_token, x), (batch, 1, width))
            x = ops.concat([first, x], 1)
        x, _ = self.layers(x, h, w)
        if self.leads:
            first, x = x[:, :1], x[:, 1:]
        return ops.reshape(x, (batch, h, w, width)), first


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.stages = nn.Layers(Stage(c, i) for i in range(len(c.depth)))

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D) of every stage, (B, 1, D) or None of the last
        seen, first = (), None
        for stage in self.stages:
            x, first = stage(x)
            seen = (*seen, x)
        return seen, first


class CvtModel(nn.Model):
    """CvT without a head. Inputs: pixel_values (B, C, H, W), normalised."""

    config_class = Config
    body_prefix = "cvt"

    def __init__(self, c: Config):
        super().__init__(c)
        self.encoder = Encoder(c)

    def initializer(self, config: Config):
        return TruncatedNormal(config.initializer_range)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, None, None), "float32")}

    def forward(self, pixel_values, output_hidden_states=None):
        c = self.config
        seen, first = self.encoder(images.enter(pixel_values, c.num_channels))
        seen = images.leave(seen)
        wanted = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        return CvtModelOutput(seen[-1], first, seen if wanted else None)


class CvtForImageClassification(heads.Head, body=CvtModel):
    """CvT that classifies an image. Labels: as `classification_loss` of the heads has them."""

    optional = ("layernorm", "classifier")

    def __init__(self, c: Config):
        super().__init__(c)
        self.layernorm = nn.LayerNorm(c.embed_dim[-1], eps=EPS)
        self.classifier = nn.Linear(c.embed_dim[-1], c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        x = out.cls_token_value  # (B, 1, D), or all places where there is none
        x = images.tokens(ops.transpose(out.last_hidden_state, (0, 2, 3, 1))) if x is None else x
        logits = self.classifier(ops.mean(self.layernorm(x), 1))  # (B, D) -> (B, L)
        return HeadOutput(heads.classification_loss(logits, labels, self.config), logits, **heads.kept(out, "hidden_states"))
