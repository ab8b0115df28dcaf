"""ViT-MAE: ViT that sees a few patches of an image, and learns to paint the others.

He and others, arXiv:2111.06377. Checkpoint: facebook/vit-mae-base.
Letters: B batch, C channels, H W image size, p patch size, h w patches along the image, P = h w, K patches that are kept,
D width, E width of the decoder.
"""

from trivium.core.errors import InputError
from trivium.core.init import Glorot, GridSinusoids, Normal
from trivium.core.outputs import MaskedAutoencoderModelOutput, MaskedAutoencoderOutput
from trivium.models.vit_mae.config import ViTMAEConfig as Config

from .. import heads, images, nn, ops
from ..vit import network as vit


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.cls_token = nn.Parameter((1, 1, c.hidden_size), Normal(c.initializer_range))
        self.patch_embeddings = vit.PatchEmbeddings(c, Glorot(flat=True))
        self.grid, self.share = c.grid, 1 - c.mask_ratio
        if c.mask_ratio > 0:
            self.chance = nn.Chance()
        self.position_embeddings = nn.Buffer((1, c.grid[0] * c.grid[1] + 1, c.hidden_size), GridSinusoids())

    def forward(self, x, noise, interpolates):  # (B, H, W, C), (B, P) -> (B, K + 1, D), mask (B, P), restore (B, P)
        x = self.patch_embeddings(x)
        batch, h, w, width = ops.shape(x)
        positions = ops.cast_like(self.interpolated(h, w) if interpolates else self.position_embeddings, x)
        x, mask, restore = self.hide(images.tokens(x) + positions[:, 1:], noise)
        first = ops.broadcast_to(ops.cast_like(self.cls_token, x) + positions[:, :1], (batch, 1, width))
        return ops.concat([first, x], 1), mask, restore

    def hide(self, x, noise):  # (B, P, D), (B, P) -> (B, K, D), mask (B, P), restore (B, P)
        batch, patches, width = ops.shape(x)
        count = int(patches * self.share)
        if noise is None and self.share < 1:
            noise = self.chance((batch, patches), like=x)
        elif noise is None:
            noise = ops.broadcast_to(ops.arange(patches, x)[None], (batch, patches))
        order = ops.argsort(noise, 1)
        restore = ops.argsort(order, 1)
        kept = ops.broadcast_to(order[:, :count, None], (batch, count, width))
        return ops.take_along(x, kept, 1), ops.cast_like(restore >= count, x), restore

    interpolated = vit.Embeddings.interpolated


class ViTMAEModel(nn.Model):
    """ViT-MAE without its decoder.

    Inputs: pixel_values (B, C, H, W), normalised; noise (B, P): the patches with the lowest are seen, in training and
    not (drawn if it is None); interpolate_pos_encoding to take images of another size than the config's `image_size`.
    """

    config_class = Config
    body_prefix = "vit"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = vit.Encoder(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def input_shapes(self):
        c = self.config
        image = (None, c.num_channels, c.image_size, c.image_size)
        return {"pixel_values": (image, "float32"), "noise": ((None, c.grid[0] * c.grid[1]), "float32")}

    def forward(
        self, pixel_values, noise=None, interpolate_pos_encoding=False, output_attentions=None, output_hidden_states=None
    ):
        c = self.config
        *_, h, w = ops.shape(pixel_values)
        if not interpolate_pos_encoding and isinstance(h, int) and isinstance(w, int) and (h, w) != (c.image_size,) * 2:
            why = f"images are {h} x {w}; the config says {c.image_size} x {c.image_size}"
            raise InputError(why, hint="resize them, or pass interpolate_pos_encoding=True")
        x = images.enter(pixel_values, c.num_channels)
        x, mask, restore = self.embeddings(x, noise, interpolate_pos_encoding)
        x, kept = self.encoder(
            x,
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        return MaskedAutoencoderModelOutput(self.layernorm(x), mask, restore, **kept)


class Decoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.decoder_hidden_size
        self.decoder_embed = nn.Linear(c.hidden_size, width)
        self.mask_token = nn.Parameter((1, 1, width), Normal(c.initializer_range))
        self.decoder_pos_embed = nn.Buffer((1, c.grid[0] * c.grid[1] + 1, width), GridSinusoids())
        self.decoder_layers = nn.Layers(vit.Layer(c.decoder) for _ in range(c.decoder_num_hidden_layers))
        self.decoder_norm = nn.LayerNorm(width, eps=c.layer_norm_eps)
        self.decoder_pred = nn.Linear(width, c.patch_size**2 * c.num_channels)

    def forward(self, x, restore, interpolates):  # (B, K + 1, D), (B, P) -> (B, P, p p C)
        x = self.decoder_embed(x)
        batch, tokens, width = ops.shape(x)
        patches = ops.shape(restore)[1]
        hidden = ops.broadcast_to(ops.cast_like(self.mask_token, x), (batch, patches + 1 - tokens, width))
        rest = ops.concat([x[:, 1:], hidden], 1)
        rest = ops.take_along(rest, ops.broadcast_to(restore[..., None], (batch, patches, width)), 1)
        x = ops.concat([x[:, :1], rest], 1)
        x = x + ops.cast_like(self.interpolated(patches) if interpolates else self.decoder_pos_embed, x)
        return self.decoder_pred(self.decoder_norm(self.decoder_layers(x)[0]))[:, 1:]

    def interpolated(self, patches):  # -> (1, patches + 1, E), in one row, as Transformers has it
        first, rest = self.decoder_pos_embed[:, :1], self.decoder_pos_embed[:, 1:]
        return ops.concat([first, ops.resize_bicubic(rest[:, None], (1, patches))[:, 0]], 1)


class ViTMAEForPreTraining(heads.Head, body=ViTMAEModel):
    """ViT-MAE that paints the patches that it has not seen. The loss is over those."""

    optional = ("decoder",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.decoder = Decoder(c)

    def forward(self, pixel_values, noise=None, interpolate_pos_encoding=False, **options):
        out = self.body(pixel_values, noise, interpolate_pos_encoding, **options)
        logits = self.decoder(out.last_hidden_state, out.ids_restore, interpolate_pos_encoding)  # (B, P, p p C)
        target = self.patches(pixel_values)
        if self.config.norm_pix_loss:
            target = self.normalised(target)
        loss = ops.mean((logits - ops.cast_like(target, logits)) ** 2, -1)
        loss = ops.sum(loss * out.mask) / ops.sum(out.mask)
        return MaskedAutoencoderOutput(loss, logits, out.mask, out.ids_restore, out.hidden_states, out.attentions)

    def patches(self, x):  # (B, C, H, W) -> (B, P, p p C)
        batch, channels, height, width = ops.shape(x)
        size = self.config.patch_size
        x = ops.reshape(x, (batch, channels, height // size, size, width // size, size))
        return ops.reshape(ops.transpose(x, (0, 2, 4, 3, 5, 1)), (batch, -1, size * size * channels))

    def normalised(self, x):  # (B, P, p p C), each patch to mean 0 and variance 1, the unbiased one
        count = ops.shape(x)[-1]
        x = x - ops.mean(x, -1)[..., None]
        variance = ops.mean(x * x, -1)[..., None] * (count / (count - 1))
        return x / ops.sqrt(variance + 1e-6)
