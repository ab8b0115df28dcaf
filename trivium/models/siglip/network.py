"""SigLIP: CLIP that learns from each pair of a text and an image by itself.

Zhai and others, arXiv:2303.15343. Checkpoint: google/siglip-base-patch16-224.
Letters: B batch, T tokens, C channels, H W image size, h w patches along it, D width, N heads, P width that both share,
L labels, M texts.
"""

from trivium.core.errors import InputError
from trivium.core.init import ZEROS, Glorot, Normal, TruncatedNormal
from trivium.core.outputs import BaseModelOutputWithPooling
from trivium.models.siglip.config import SiglipConfig, SiglipTextConfig, SiglipVisionConfig

from .. import masks, nn, ops, towers
from ..clip import network as clip


class VisionEmbeddings(nn.Module):
    def __init__(self, c: SiglipVisionConfig):
        super().__init__()
        size = (c.patch_size, c.patch_size)
        init = lecun(c.num_channels * c.patch_size**2)
        self.patch_embedding = nn.Conv2d(c.num_channels, c.hidden_size, size, size, init=init)  # Unlike CLIP: a bias
        self.position_embedding = nn.Embedding(c.grid**2, c.hidden_size)  # Unlike CLIP: no first token
        self.grid = c.grid

    def forward(self, pixel_values, interpolates):  # (B, C, H, W) -> (B, h w, D)
        x = self.patch_embedding(ops.transpose(pixel_values, (0, 2, 3, 1)))
        batch, h, w, width = ops.shape(x)
        positions = self.position_embedding(ops.arange(self.grid**2, like=x))
        if interpolates and (h, w) != (self.grid, self.grid):
            positions = ops.resize_bicubic(ops.reshape(positions, (1, self.grid, self.grid, width)), (h, w))
        return ops.reshape(x, (batch, h * w, width)) + ops.reshape(positions, (h * w, width))


class Attention(towers.Attention):
    def __init__(self, c: SiglipTextConfig | SiglipVisionConfig):
        nn.Module.__init__(self)
        width = c.hidden_size
        self.k_proj = nn.Linear(width, width, init=Glorot())
        self.v_proj = nn.Linear(width, width, init=Glorot())
        self.q_proj = nn.Linear(width, width, init=Glorot())
        self.out_proj = nn.Linear(width, width, init=Glorot())
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.num_attention_heads, (width // c.num_attention_heads) ** -0.5


class MLP(towers.MLP):
    def __init__(self, c: SiglipTextConfig | SiglipVisionConfig):
        nn.Module.__init__(self)
        self.activation = ops.activation(c.hidden_act)
        self.fc1 = nn.Linear(c.hidden_size, c.intermediate_size, init=Glorot(), bias_init=Normal(1e-6))
        self.fc2 = nn.Linear(c.intermediate_size, c.hidden_size, init=Glorot(), bias_init=Normal(1e-6))


class Layer(towers.Layer):
    attention_class = Attention
    mlp_class = MLP


class TextEmbeddings(clip.TextEmbeddings):
    def __init__(self, c: SiglipTextConfig):
        nn.Module.__init__(self)
        init = Normal(c.hidden_size**-0.5)  # Unlike CLIP
        self.token_embedding = nn.Embedding(c.vocab_size, c.hidden_size, init)
        self.position_embedding = nn.Embedding(c.max_position_embeddings, c.hidden_size, init)


class TextTransformer(nn.Module):
    def __init__(self, c: SiglipTextConfig):
        super().__init__()
        self.embeddings = TextEmbeddings(c)
        self.encoder = towers.Encoder(c, Layer)
        self.final_layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.head = nn.Linear(c.hidden_size, c.projection_size or c.hidden_size, init=lecun(c.hidden_size))

    def forward(self, input_ids, attention_mask=None, position_ids=None, output_attentions=None, output_hidden_states=None):
        if input_ids is None:
            raise InputError("SigLIP's text encoder needs input_ids")
        asked = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        x = self.embeddings(input_ids, position_ids)
        x, kept = self.encoder(x, masks.padding(attention_mask), **asked)  # Unlike CLIP: every token sees every other
        x = self.final_layer_norm(x)
        return BaseModelOutputWithPooling(x, self.head(x[:, -1]), **kept)  # Unlike CLIP: the last token


class Pooling(nn.Module):
    """One learnt query that attends to all patches. Its weights are named as torch.nn.MultiheadAttention's."""

    def __init__(self, c: SiglipVisionConfig):
        super().__init__()
        self.probe = nn.Parameter((1, 1, c.hidden_size), Glorot())
        self.attention = PackedAttention(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.mlp = MLP(c)

    def forward(self, x):  # (B, T, D) -> (B, D)
        batch, _, width = ops.shape(x)
        x = self.attention(ops.broadcast_to(ops.cast_like(self.probe, x), (batch, 1, width)), x)
        return (x + self.mlp(self.layernorm(x)))[:, 0]


class PackedAttention(nn.Module):
    def __init__(self, c: SiglipVisionConfig):
        super().__init__()
        self.in_proj_weight = nn.Parameter((3 * c.hidden_size, c.hidden_size), Glorot())
        self.in_proj_bias = nn.Parameter((3 * c.hidden_size,), ZEROS)
        self.out_proj = nn.Linear(c.hidden_size, c.hidden_size, init=lecun(c.hidden_size))
        self.dropout = nn.Dropout(0.0)
        self.heads, self.scale = c.num_attention_heads, (c.hidden_size // c.num_attention_heads) ** -0.5

    def forward(self, query, x):  # (B, 1, D), (B, T, D) -> (B, 1, D)
        weights, biases = (ops.cast_like(y, x) for y in (self.in_proj_weight, self.in_proj_bias))
        weights, biases = ops.split(weights, 3, 0), ops.split(biases, 3, 0)
        batch, _, width = ops.shape(x)
        q, k, v = (  # (B, 1 or T, N, H)
            ops.reshape(ops.einsum("bti,oi->bto", y, weight) + bias, (batch, -1, self.heads, width // self.heads))
            for y, weight, bias in zip((query, x, x), weights, biases, strict=True)
        )
        x, _ = ops.attention(q, k, v, scale=self.scale, dropout=self.dropout)
        return self.out_proj(ops.reshape(x, (batch, 1, width)))


class VisionTransformer(nn.Module):
    def __init__(self, c: SiglipVisionConfig):
        super().__init__()
        self.embeddings = VisionEmbeddings(c)
        self.encoder = towers.Encoder(c, Layer)
        self.post_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.pools = c.vision_use_head
        if self.pools:
            self.head = Pooling(c)
        self.size = c.image_size

    def forward(self, pixel_values, output_attentions=None, output_hidden_states=None, interpolate_pos_encoding=False):
        towers.check_size(pixel_values, self.size, interpolate_pos_encoding)
        x = self.embeddings(pixel_values, interpolate_pos_encoding)
        x, kept = self.encoder(x, output_attentions=output_attentions, output_hidden_states=output_hidden_states)
        x = self.post_layernorm(x)
        return BaseModelOutputWithPooling(x, self.head(x) if self.pools else None, **kept)


def lecun(inputs):
    """Normal values of variance 1 / inputs, cut at two deviations, as Flax draws them."""
    std = inputs**-0.5 / 0.87962566103423978  # the deviation of what is left of a normal distribution cut so
    return TruncatedNormal(std, 2 * std)


class SiglipTextModel(clip.CLIPTextModel):
    """SigLIP's encoder of texts: input_ids, attention_mask, position_ids (B, T). It pools the last token."""

    config_class = SiglipTextConfig
    body_prefix = "siglip"
    transformer_class = TextTransformer

    def initializer(self, config):
        return Normal(config.hidden_size**-0.5)


class SiglipVisionModel(clip.CLIPVisionModel):
    """SigLIP's encoder of images, pixel_values (B, C, H, W), of any size where interpolate_pos_encoding."""

    config_class = SiglipVisionConfig
    body_prefix = "siglip"
    optional = ("vision_model.head",)
    transformer_class = VisionTransformer

    def initializer(self, config):
        return Normal(config.hidden_size**-0.5)


class SiglipModel(clip.CLIPModel):
    """Both encoders: input_ids, attention_mask, position_ids (M, T) and pixel_values (B, C, H, W); every text with every image.

    With return_loss text i describes image i and no other, and M = B.
    """

    config_class = SiglipConfig
    body_prefix = "siglip"

    def __init__(self, c: SiglipConfig):
        nn.Model.__init__(self, c)
        self.logit_scale = nn.Parameter((1,), ZEROS)
        self.logit_bias = nn.Parameter((1,), ZEROS)
        self.text_model = TextTransformer(c.text_config)
        self.vision_model = VisionTransformer(c.vision_config)

    def initializer(self, config):
        return Normal(config.vision_config.hidden_size**-0.5)

    def project_text(self, x):  # Unlike CLIP: as it is
        return x

    def project_image(self, x):
        return x

    def compare(self, texts, images):  # (M, P), (B, P) -> (M, B)
        return super().compare(texts, images) + ops.cast_like(self.logit_bias, texts)

    def loss_of(self, logits):  # (B, B) -> (): Unlike CLIP: each pair is right or wrong by itself
        place = ops.arange(ops.shape(logits)[0], like=logits)
        right = ops.cast_like(place[:, None] == place[None], logits)
        return ops.sum(ops.mean(ops.softplus((1 - 2 * right) * logits), 0))


class SiglipForImageClassification(clip.CLIPForImageClassification):
    """SigLIP's encoder of images that classifies one by the mean of its patches. Labels: as for `classification_loss`."""

    config_class = SiglipConfig
    body_prefix = "siglip"
    optional = ("classifier", "vision_model.head")
    transformer_class = VisionTransformer

    def initializer(self, config):
        return Normal(config.vision_config.hidden_size**-0.5)

    def forward(
        self,
        pixel_values,
        labels=None,
        output_attentions=None,
        output_hidden_states=None,
        interpolate_pos_encoding=False,
    ):
        asked = self.asked(output_attentions, output_hidden_states)
        return self.classify(self.vision_model(pixel_values, *asked, interpolate_pos_encoding), labels)

    def patches(self, x):  # Unlike CLIP: there is no first token
        return x
