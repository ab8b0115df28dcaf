"""HuBERT: wav2vec 2.0's calls, and its own switches."""

from rows.wav2vec2 import CODES, HEARD, TINY, WAVE
from table import ALL, Row, bools, case, configs, given

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
)
