"""DeiT: ViT with one more token, by which it learns from a teacher.

Touvron and others, arXiv:2012.12877. Checkpoint: facebook/deit-base-distilled-patch16-224.
Letters: B batch, C channels, H W image size, h w patches along it, P = h w patches, T = P + 2 tokens, D width, L labels.
"""

from trivium.core.init import ZEROS, TruncatedNormal
from trivium.core.outputs import DistilledClassificationOutput
from trivium.models.deit.config import DeiTConfig as Config

from .. import heads, nn, ops
from ..vit import network as vit


class Embeddings(vit.Embeddings):
    def __init__(self, c: Config, masks_patches: bool):
        nn.Module.__init__(self)
        init = TruncatedNormal(c.initializer_range)
        self.cls_token = nn.Parameter((1, 1, c.hidden_size), init)
        self.distillation_token = nn.Parameter((1, 1, c.hidden_size), init)  # Unlike ViT
        if masks_patches:
            self.mask_token = nn.Parameter((1, 1, c.hidden_size), ZEROS)
        self.patch_embeddings = vit.PatchEmbeddings(c)
        self.grid = c.grid
        self.position_embeddings = nn.Parameter((1, self.grid[0] * self.grid[1] + 2, c.hidden_size), init)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def first_tokens(self):  # -> (1, 2, D)
        return ops.concat([self.cls_token, self.distillation_token], 1)


class DeiTModel(vit.ViTModel):
    """DeiT without a head.

    Inputs: pixel_values (B, C, H, W), normalised; bool_masked_pos (B, P), patches to hide; interpolate_pos_encoding to take
    images of another size than the config's `image_size`.
    """

    config_class = Config
    body_prefix = "deit"
    embeddings_class = Embeddings


class DeiTForImageClassification(vit.ViTForImageClassification, body=DeiTModel):
    """DeiT that classifies an image by its first token. Labels: as `classification_loss` of the heads has them."""


class DeiTForImageClassificationWithTeacher(heads.Head, body=DeiTModel):
    """DeiT that classifies an image as it was taught: by the mean of what its first two tokens say. For inference alone."""

    body_options = {"add_pooling_layer": False}
    optional = ("cls_classifier", "distillation_classifier")

    def __init__(self, c: Config):
        super().__init__(c)
        self.cls_classifier = nn.Linear(c.hidden_size, c.num_labels)
        self.distillation_classifier = nn.Linear(c.hidden_size, c.num_labels)

    def forward(self, *inputs, **options):
        out = self.body(*inputs, **options)
        by_labels = self.cls_classifier(out.last_hidden_state[:, 0])  # (B, T, D) -> (B, L)
        by_teacher = self.distillation_classifier(out.last_hidden_state[:, 1])
        logits = (by_labels + by_teacher) / 2
        return DistilledClassificationOutput(logits, by_labels, by_teacher, **heads.kept(out, "hidden_states", "attentions"))


class DeiTForMaskedImageModeling(vit.ViTForMaskedImageModeling, body=DeiTModel):
    """DeiT that paints the hidden patches of an image, after SimMIM (arXiv:2111.09886). The loss is over what was hidden."""

    def patches(self, x):  # (B, T, D) -> (B, P, D)
        return x[:, 1:-1]  # Unlike ViT: the second token counts as a patch, and the last patch does not, in Transformers
