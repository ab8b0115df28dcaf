"""EnCodec: its tiny configs, and the calls of its classes."""

from table import CHECKED, Row, case, configs, mask, normal

ROW = Row(
    "encodec",
    configs(
        {
            "target_bandwidths": [0.5, 1.5],
            "sampling_rate": 200,
            "hidden_size": 6,
            "num_filters": 4,
            "upsampling_ratios": [2, 3],
            "codebook_size": 16,
            "num_lstm_layers": 2,
        },
        chunked={  # as the 48 kHz model is
            "target_bandwidths": [0.4],
            "audio_channels": 2,
            "normalize": True,
            "chunk_length_s": 0.22,
            "overlap": 0.1,
            "norm_type": "time_group_norm",
            "use_causal_conv": False,
            "kernel_size": 5,
            "num_lstm_layers": 1,
        },
        deep={
            "target_bandwidths": [0.7],
            "num_residual_layers": 2,
            "dilation_growth_rate": 3,
            "upsampling_ratios": [3],
            "use_conv_shortcut": False,
            "compress": 1,
            "trim_right_ratio": 0.5,
            "residual_kernel_size": 5,
            "last_kernel_size": 3,
        },
    ),
    {
        "EncodecModel": (
            case("default", input_values=normal(2, 1, 40), bandwidth=1.5),
            case("default", input_values=normal(3, 1, 9)),  # shorter than some paddings
            case("chunked", input_values=normal(2, 2, 122), padding_mask=mask("1" * 122, "1" * 70 + "0" * 52)),
            case("deep", input_values=normal(2, 1, 31)),
        ),
    },
    unread={
        "codebook_dim": CHECKED,
    },
    maps=False,
)
