"""SegFormer: a transformer encoder of images in stages, and a small decoder that names every pixel.

Xie and others, arXiv:2105.15203. Checkpoint: nvidia/segformer-b0-finetuned-ade-512-512.
Letters: B batch, C channels, H W image size, h w places of a stage, D width of a stage, N heads, E width of the decoder,
L labels.
"""

from trivium.core.outputs import BaseModelOutput, HeadOutput
from trivium.models.segformer.config import SegformerConfig as Config

from .. import heads, images, nn, ops

EPS = 1e-5


class PatchEmbeddings(nn.Module):
    def __init__(self, i: int, c: Config):
        super().__init__()
        inputs, width = (c.num_channels, *c.hidden_sizes)[i : i + 2]
        size, stride, side = c.patch_sizes[i], c.strides[i], c.patch_sizes[i] // 2
        self.proj = nn.Conv2d(inputs, width, kernel_size=(size, size), stride=(stride, stride), padding=(side, side))
        self.layer_norm = nn.LayerNorm(width, eps=EPS)

    def forward(self, x):  # (B, h, w, inputs) -> (B, h / stride, w / stride, D)
        return self.layer_norm(self.proj(x))


class SelfAttention(nn.Module):
    def __init__(self, width: int, count: int, ratio: int, c: Config):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.shrinks = ratio > 1
        if self.shrinks:
            self.sr = nn.Conv2d(width, width, kernel_size=(ratio, ratio), stride=(ratio, ratio))
            self.layer_norm = nn.LayerNorm(width, eps=EPS)
        self.heads, self.scale = count, (width // count) ** -0.5

    def forward(self, x, attentions):  # (B, h, w, D) -> (B, h, w, D), weights (B, N, h w, h w / ratio^2)
        source = self.layer_norm(self.sr(x)) if self.shrinks else x
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        y, weights = ops.attention(q, k, v, scale=self.scale, dropout=self.dropout, weights=attentions)
        return ops.reshape(y, ops.shape(x)), weights

    def split(self, x):  # (B, h, w, D) -> (B, h w, N, D / N)
        batch, h, w, width = ops.shape(x)
        return ops.reshape(x, (batch, h * w, self.heads, width // self.heads))


class Output(nn.Module):
    def __init__(self, width: int, c: Config):
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, D)
        return self.dropout(self.dense(x))


class Attention(nn.Module):
    def __init__(self, width: int, count: int, ratio: int, c: Config):
        super().__init__()
        self.self = SelfAttention(width, count, ratio, c)
        self.output = Output(width, c)

    def forward(self, x, attentions):  # (B, h, w, D) -> (B, h, w, D), weights
        x, weights = self.self(x, attentions)
        return self.output(x), weights


class DWConv(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, kernel_size=(3, 3), padding=(1, 1), groups=width)

    def forward(self, x):
        return self.dwconv(x)


class MixFFN(nn.Module):
    def __init__(self, width: int, inner: int, c: Config):
        super().__init__()
        self.dense1 = nn.Linear(width, inner)
        self.dwconv = DWConv(inner)  # where tokens learn their places
        self.activation = ops.activation(c.hidden_act)
        self.dense2 = nn.Linear(inner, width)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, D)
        x = self.dropout(self.activation(self.dwconv(self.dense1(x))))
        return self.dropout(self.dense2(x))


class Layer(nn.Module):
    def __init__(self, i: int, rate: float, c: Config):
        super().__init__()
        width = c.hidden_sizes[i]
        self.layer_norm_1 = nn.LayerNorm(width, eps=EPS)
        self.attention = Attention(width, c.num_attention_heads[i], c.sr_ratios[i], c)
        self.drop_path = nn.DropPath(rate)
        self.layer_norm_2 = nn.LayerNorm(width, eps=EPS)
        self.mlp = MixFFN(width, int(width * c.mlp_ratios[i]), c)

    def forward(self, x, cache=None, attentions=False):  # (B, h, w, D) -> (B, h, w, D)
        y, weights = self.attention(self.layer_norm_1(x), attentions)
        x = x + self.drop_path(y)
        x = x + self.drop_path(self.mlp(self.layer_norm_2(x)))
        return x, {"attentions": weights}


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        stages, rates = range(c.num_encoder_blocks), images.rates(c.drop_path_rate, c.depths)
        self.patch_embeddings = nn.Layers(PatchEmbeddings(i, c) for i in stages)
        self.block = nn.Layers(nn.Layers(Layer(i, rate, c) for rate in rates[i]) for i in stages)
        self.layer_norm = nn.Layers(nn.LayerNorm(width, eps=EPS) for width in c.hidden_sizes)

    def forward(self, x, attentions):  # (B, H, W, C) -> every stage's (B, h, w, D), every layer's weights
        seen, weights = (), ()
        for embed, layers, norm in zip(self.patch_embeddings, self.block, self.layer_norm, strict=True):
            x, kept = layers(embed(x), attentions=attentions)
            x = norm(x)
            seen += (x,)
            weights += kept["attentions"] or ()
        return seen, weights if attentions else None


class SegformerModel(nn.Model):
    """SegFormer without a head. Inputs: pixel_values (B, C, H, W), normalised, of any size."""

    config_class = Config
    body_prefix = "segformer"

    def __init__(self, c: Config):
        super().__init__(c)
        self.encoder = Encoder(c)

    def input_shapes(self):
        return {"pixel_values": ((None, self.config.num_channels, 512, 512), "float32")}

    def forward(self, pixel_values, output_attentions=None, output_hidden_states=None):
        c = self.config
        attentions = c.output_attentions if output_attentions is None else output_attentions
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        seen, weights = self.encoder(images.enter(pixel_values, c.num_channels), attentions)
        seen = images.leave(seen)  # (B, D, h, w) of every stage
        return BaseModelOutput(seen[-1], hidden_states=seen if keeps else None, attentions=weights)


class SegformerForImageClassification(heads.Head, body=SegformerModel):
    """SegFormer that classifies an image. Labels: as `classification_loss` of the heads has them."""

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = nn.Linear(c.hidden_sizes[-1], c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.classifier(images.average(ops.transpose(out.last_hidden_state, (0, 2, 3, 1))))  # (B, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class MLP(nn.Module):
    def __init__(self, width: int, c: Config):
        super().__init__()
        self.proj = nn.Linear(width, c.decoder_hidden_size)

    def forward(self, x):  # (B, h, w, D) -> (B, h, w, E)
        return self.proj(x)


class DecodeHead(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.decoder_hidden_size
        self.linear_c = nn.Layers(MLP(size, c) for size in c.hidden_sizes)
        self.linear_fuse = nn.Conv2d(width * c.num_encoder_blocks, width, kernel_size=(1, 1), bias=False)
        self.batch_norm = nn.BatchNorm2d(width, eps=EPS, momentum=0.1)
        self.dropout = nn.Dropout(c.classifier_dropout_prob)
        self.classifier = nn.Conv2d(width, c.num_labels, kernel_size=(1, 1))

    def forward(self, seen):  # every stage's (B, h, w, D) -> (B, h, w, L) of the first
        size = ops.shape(seen[0])[1:3]
        parts = [ops.resize_bilinear(mlp(x), size) for mlp, x in zip(self.linear_c, seen, strict=True)]
        x = self.batch_norm(self.linear_fuse(ops.concat(parts[::-1], -1)))
        return self.classifier(self.dropout(ops.relu(x)))


class SegformerForSemanticSegmentation(heads.Head, body=SegformerModel):
    """SegFormer that names every pixel, on a grid of a quarter of the image's height and width.

    Labels: (B, H, W), `semantic_loss_ignore_index` where there is none. Logits: (B, L, H / 4, W / 4).
    """

    optional = ("decode_head",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.decode_head = DecodeHead(c)

    def forward(self, pixel_values, labels=None, output_attentions=None, output_hidden_states=None):
        c = self.config
        keeps = c.output_hidden_states if output_hidden_states is None else output_hidden_states
        out = self.body(pixel_values, output_attentions, True)
        logits = self.decode_head([ops.transpose(x, (0, 2, 3, 1)) for x in out.hidden_states])
        loss = heads.segmentation_loss(logits, labels, c)
        return HeadOutput(
            loss, images.leave(logits), hidden_states=out.hidden_states if keeps else None, attentions=out.attentions
        )
