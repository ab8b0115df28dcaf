"""UniSpeech: wav2vec 2.0's network, which learnt from phonemes and from sound alone at once.

Wang and others, arXiv:2101.07597. Checkpoint: microsoft/unispeech-1350-en-90-it-ft-1h.
Letters: B batch, T frames, C channels, D width, S labels, P width of the codes.
"""

from trivium.core.outputs import SpeechPreTrainingOutput
from trivium.models.unispeech.config import UniSpeechConfig as Config

from .. import heads, nn, speech
from ..wav2vec2 import network as wav2vec2


class UniSpeechModel(wav2vec2.Wav2Vec2Model):
    """UniSpeech without a head.

    Inputs: input_values (B, W), the wave at 16 kHz, normalised; attention_mask (B, W), 0 hides, for models whose features are
    normalised by layer; mask_time_indices (B, T), the frames to hide, which training draws if they are not given.
    """

    config_class = Config
    body_prefix = "unispeech"
    optional = ("masked_spec_embed",)


class UniSpeechForPreTraining(heads.Head, body=UniSpeechModel):
    """UniSpeech with the codes of its frames. There is no loss, as in Transformers, though phonemes have a layer."""

    optional = ("quantizer", "project_q", "project_hid", "ctc_proj")

    def set_gumbel_temperature(self, temperature: float):
        """Sets the temperature at which training draws codes, 2 at first; it is lowered in the course of training."""
        self.quantizer.temperature = temperature

    def __init__(self, c: Config):
        super().__init__(c)
        self.dropout_features = nn.Dropout(c.feat_quantizer_dropout)
        self.quantizer = wav2vec2.Quantizer(c)
        self.project_q = nn.Linear(c.codevector_dim, c.proj_codevector_dim)
        self.project_hid = nn.Linear(c.proj_codevector_dim, c.hidden_size)
        self.ctc_proj = nn.Linear(c.hidden_size, c.num_ctc_classes)

    def forward(self, *inputs, **options):
        out = self.body(*inputs, **options)
        codes, _, perplexity = self.quantizer(self.dropout_features(out.extract_features), None)
        # Unlike wav2vec 2.0: codes are as wide as frames, which are compared as they are
        codes = self.project_hid(self.project_q(codes))  # (B, T, P) -> (B, T, D)
        kept = heads.kept(out, "hidden_states", "attentions")
        return SpeechPreTrainingOutput(None, out.last_hidden_state, codes, perplexity, **kept)


class UniSpeechForCTC(speech.CTC, body=UniSpeechModel):
    """UniSpeech that transcribes speech. Labels: (B, S), -100 where there is none."""


class UniSpeechForSequenceClassification(speech.Classification, body=UniSpeechModel):
    """UniSpeech that classifies an utterance. Labels: (B,)."""
