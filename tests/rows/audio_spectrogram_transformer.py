"""The Audio Spectrogram Transformer: its tiny configs, and the calls of its classes."""

from table import ALL, Row, bits, case, configs, given, normal

SOUND = normal(2, 13, 8)

ROW = Row(
    "audio-spectrogram-transformer",
    configs(
        {
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_length": 13,
            "num_mel_bins": 8,
            "patch_size": 4,
            "frequency_stride": 2,
            "time_stride": 3,
        },
        no_bias={"qkv_bias": False, "num_labels": 3, "hidden_act": "relu", "layer_norm_eps": 1e-6, "num_hidden_layers": 1},
    ),
    {
        "ASTModel": (
            case("default", input_values=SOUND, **ALL),
            case("no_bias", input_values=SOUND),
        ),
        "ASTForAudioClassification": (
            case("default", input_values=SOUND, labels=given((1, 0))),
            case("no_bias", input_values=SOUND, labels=bits(2, 3), **ALL),
        ),
    },
)
