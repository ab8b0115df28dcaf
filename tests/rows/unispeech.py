"""UniSpeech: wav2vec 2.0's calls, and its own codes."""

from rows.wav2vec2 import CODES, HEARD, HIDDEN, TINY, WAVE
from table import ALL, Row, case, configs, given

OF_WAV2VEC2 = (
    "adapter_kernel_size",
    "adapter_stride",
    "contrastive_logits_temperature",
    "diversity_loss_weight",
    "num_adapter_layers",
    "output_hidden_size",
    "tdnn_dilation",
    "tdnn_dim",
    "tdnn_kernel",
    "xvector_output_dim",
)

ROW = Row(
    "unispeech",
    configs(
        TINY,
        large={
            "feat_extract_norm": "layer",
            "do_stable_layer_norm": True,
            "conv_bias": True,
            "num_hidden_layers": 1,
            "use_weighted_layer_sum": True,
            "ctc_loss_reduction": "sum",
            "adapter_attn_dim": 5,
        },
        codes={
            "num_hidden_layers": 1,
            "feat_extract_norm": "layer",
            "do_stable_layer_norm": True,
            "num_codevectors_per_group": 5,
            "num_codevector_groups": 2,
            "codevector_dim": 6,
            "proj_codevector_dim": 7,
            "num_ctc_classes": 9,
        },
    ),
    {
        "UniSpeechModel": (
            case("default", input_values=WAVE, **HIDDEN, **ALL),
            case("large", input_values=WAVE, **HEARD),
        ),
        "UniSpeechForPreTraining": (case("codes", input_values=WAVE, **HEARD, **ALL),),
        "UniSpeechForCTC": (
            case("default", input_values=WAVE, **HEARD, **CODES, **ALL),
            case("large", input_values=WAVE, **CODES),
        ),
        "UniSpeechForSequenceClassification": (
            case("default", input_values=WAVE, labels=given((2, 1))),
            case("large", input_values=WAVE, **HEARD, labels=given((2, 1)), output_attentions=True),
        ),
    },
    unread=dict.fromkeys(
        OF_WAV2VEC2, "of wav2vec 2.0's config, whose fields UniSpeech's has too; no class here has such a part"
    ),
    begun={"*.parametrizations.weight.original?": "there the scheme of fairseq, which we have, has no effect"},
)
