"""HuBERT: wav2vec 2.0's calls, and its own switches."""

from rows.wav2vec2 import CODES, HEARD, TINY, WAVE
from table import ALL, Row, bools, case, configs, given

OF_WAV2VEC2 = (
    "adapter_kernel_size",
    "adapter_stride",
    "codevector_dim",
    "contrastive_logits_temperature",
    "diversity_loss_weight",
    "feat_quantizer_dropout",
    "num_adapter_layers",
    "num_codevector_groups",
    "num_codevectors_per_group",
    "output_hidden_size",
    "proj_codevector_dim",
    "tdnn_dilation",
    "tdnn_dim",
    "tdnn_kernel",
    "xvector_output_dim",
)

ROW = Row(
    "hubert",
    configs(
        TINY,
        large={
            "feat_extract_norm": "layer",
            "do_stable_layer_norm": True,
            "conv_bias": True,
            "num_hidden_layers": 1,
            "use_weighted_layer_sum": True,
        },
        bark={"conv_pos_batch_norm": True, "feat_proj_layer_norm": False, "num_hidden_layers": 1},
    ),
    {
        "HubertModel": (
            case("default", input_values=WAVE, mask_time_indices=bools("011000001", "000011110"), **ALL),
            case("large", input_values=WAVE, **HEARD),
            case("bark", input_values=WAVE, **HEARD),
        ),
        "HubertForCTC": (case("default", input_values=WAVE, **HEARD, **CODES, **ALL),),
        "HubertForSequenceClassification": (
            case("large", input_values=WAVE, **HEARD, labels=given((2, 1)), output_attentions=True),
        ),
    },
    unread=dict.fromkeys(OF_WAV2VEC2, "of wav2vec 2.0's config, whose fields HuBERT's has too; no class here has such a part"),
    begun={"*.parametrizations.weight.original?": "there the scheme of fairseq, which we have, has no effect"},
)
