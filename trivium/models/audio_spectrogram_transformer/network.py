"""The Audio Spectrogram Transformer: ViT on pictures of sound, cut into patches that overlap, with DeiT's two first tokens.

Gong and others, arXiv:2104.01778. Checkpoint: MIT/ast-finetuned-audioset-10-10-0.4593.
Letters: B batch, S steps in time, F frequencies, f s patches along both, T = f s + 2 tokens, D width, L labels.
"""

from trivium.core.errors import InputError
from trivium.core.init import ZEROS, TruncatedNormal
from trivium.core.outputs import BaseModelOutputWithPooling
from trivium.models.audio_spectrogram_transformer.config import ASTConfig as Config

from .. import heads, nn, ops
from ..vit import network as vit


class PatchEmbeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        size, stride = (c.patch_size, c.patch_size), (c.frequency_stride, c.time_stride)
        self.projection = nn.Conv2d(1, c.hidden_size, kernel_size=size, stride=stride)

    def forward(self, x):  # (B, S, F) -> (B, f s, D)
        x = self.projection(ops.transpose(x, (0, 2, 1))[..., None])
        batch, f, s, width = ops.shape(x)
        return ops.reshape(x, (batch, f * s, width))


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.cls_token = nn.Parameter((1, 1, c.hidden_size), ZEROS)
        self.distillation_token = nn.Parameter((1, 1, c.hidden_size), ZEROS)
        self.patch_embeddings = PatchEmbeddings(c)
        self.position_embeddings = nn.Parameter((1, c.patches + 2, c.hidden_size), ZEROS)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x):  # (B, S, F) -> (B, T, D)
        x = self.patch_embeddings(x)
        batch, _, width = ops.shape(x)
        first = ops.cast_like(ops.concat([self.cls_token, self.distillation_token], 1), x)
        x = ops.concat([ops.broadcast_to(first, (batch, 2, width)), x], 1)
        return self.dropout(x + ops.cast_like(self.position_embeddings, x))


class ASTModel(nn.Model):
    """The Audio Spectrogram Transformer without a head.

    Inputs: input_values (B, S, F), the logarithms of a sound's mel spectrogram, normalised; S and F are the config's.
    """

    config_class = Config
    body_prefix = "audio_spectrogram_transformer"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = vit.Encoder(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def initializer(self, config):
        return TruncatedNormal(config.initializer_range)

    def input_shapes(self):
        return {"input_values": ((None, self.config.max_length, self.config.num_mel_bins), "float32")}

    def forward(self, input_values, output_attentions=None, output_hidden_states=None):
        c = self.config
        _, steps, frequencies = ops.shape(input_values)
        if isinstance(steps, int) and isinstance(frequencies, int) and (steps, frequencies) != (c.max_length, c.num_mel_bins):
            why = f"input_values are {steps} x {frequencies}; the config says {c.max_length} x {c.num_mel_bins}"
            raise InputError(why, key="input_values", hint="pad or cut the sound")
        x, kept = self.encoder(
            self.embeddings(input_values),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.layernorm(x)
        return BaseModelOutputWithPooling(x, (x[:, 0] + x[:, 1]) / 2, **kept)


class MLPHead(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dense = nn.Linear(c.hidden_size, c.num_labels)

    def forward(self, x):  # (B, D) -> (B, L)
        return self.dense(self.layernorm(x))


class ASTForAudioClassification(heads.SequenceClassification, body=ASTModel):
    """The Audio Spectrogram Transformer that classifies a sound. Labels: as for `classification_loss`."""

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = MLPHead(c)

    def classify(self, out):  # (B, D) -> (B, L)
        return self.classifier(out.pooler_output)
