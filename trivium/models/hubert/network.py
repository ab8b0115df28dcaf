"""HuBERT: wav2vec 2.0's network, which learnt by naming clusters of hidden frames.

Hsu and others, arXiv:2106.07447. Checkpoint: facebook/hubert-base-ls960.
Letters: B batch, W samples of the wave, T frames, C channels, D width, S labels.
"""

from trivium.core.init import Normal
from trivium.core.outputs import BaseModelOutput
from trivium.models.hubert.config import HubertConfig as Config

from .. import nn, speech
from ..wav2vec2 import network as wav2vec2


class FeatureProjection(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.norms = c.feat_proj_layer_norm
        if self.norms:
            self.layer_norm = nn.LayerNorm(c.conv_dim[-1], eps=c.layer_norm_eps)
        self.projection = nn.Linear(c.conv_dim[-1], c.hidden_size, init=Normal(c.initializer_range))
        self.dropout = nn.Dropout(c.feat_proj_dropout)

    def forward(self, x):  # (B, T, C) -> (B, T, D), (B, T, C)
        x = self.layer_norm(x) if self.norms else x  # Unlike wav2vec 2.0: only where the config says so
        return self.dropout(self.projection(x)), x


class Positions(speech.Positions):
    def __init__(self, c: Config):
        super().__init__(c)
        self.normed = c.conv_pos_batch_norm
        if self.normed:  # Unlike wav2vec 2.0: the stream is normalised, instead of the kernel
            width, size, groups = c.hidden_size, c.num_conv_pos_embeddings, c.num_conv_pos_embedding_groups
            self.conv = nn.Conv1d(width, width, size, padding=size // 2, groups=groups, init=Normal(2 * (size * width) ** -0.5))
            self.batch_norm = nn.BatchNorm2d(width, eps=1e-5, momentum=0.1)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return super().forward(self.batch_norm(x[:, :, None])[:, :, 0] if self.normed else x)


class Encoder(speech.Encoder):
    positions_class = Positions


class HubertModel(wav2vec2.Wav2Vec2Model):
    """HuBERT without a head.

    Inputs: input_values (B, W), the wave at 16 kHz, normalised; attention_mask (B, W), 0 hides, for models whose features are
    normalised by layer; mask_time_indices (B, T), the frames to hide, which training draws if they are not given.
    """

    config_class = Config
    body_prefix = "hubert"
    encoder_class = Encoder
    projection_class = FeatureProjection

    def output(self, x, features, kept):
        return BaseModelOutput(x, **kept)


class HubertForCTC(speech.CTC, body=HubertModel):
    """HuBERT that transcribes speech. Labels: (B, S), -100 where there is none."""


class HubertForSequenceClassification(speech.Classification, body=HubertModel):
    """HuBERT that classifies an utterance. Labels: (B,)."""
