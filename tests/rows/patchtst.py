"""PatchTST: its tiny configs, and the calls of its classes."""

from dataclasses import replace

from table import ALL, Row, case, configs, given, ids, mask, normal

SERIES = normal(2, 11, 3)
OBSERVED = mask(
    ("111", "101", "111", "110", "111", "111", "101", "111", "111", "110", "111"),
    ("111", "111", "011", "111", "111", "110", "111", "111", "101", "111", "111"),
)
UNSEEN = replace(OBSERVED, data=(OBSERVED.data[0], ((0, 1, 1),) * 11))  # of one channel nothing
FUTURE = normal(2, 5, 3)
COUNTS = replace(ids(2, 5, 3, high=6), dtype="float32")

ROW = Row(
    "patchtst",
    configs(
        {
            "num_input_channels": 3,
            "context_length": 11,
            "patch_length": 4,
            "patch_stride": 2,
            "d_model": 8,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "ffn_dim": 12,
            "prediction_length": 5,
            "num_targets": 2,
        },
        channels={"channel_attention": True, "norm_type": "layernorm", "use_cls_token": True, "share_embedding": False},
        after={"pre_norm": False, "channel_attention": True, "scaling": "mean", "positional_encoding_type": "random"},
        hidden={"do_mask_input": True, "unmasked_channel_indices": [1], "mask_value": 2, "scaling": False},
        alike={"channel_consistent_masking": True, "random_mask_ratio": 0.4, "use_cls_token": True},
        forecast={"mask_type": "forecast", "num_forecast_mask_patches": [1, 2], "bias": False, "activation_function": "relu"},
        flat={"pooling_type": None, "num_hidden_layers": 1},
        student={"loss": "nll", "pooling_type": "max", "num_hidden_layers": 1},
        normal={"loss": "nll", "distribution_output": "normal", "use_cls_token": True, "num_hidden_layers": 1},
        counts={"loss": "nll", "distribution_output": "negative_binomial", "scaling": None, "num_hidden_layers": 1},
        single={"loss": "nll", "num_targets": 1, "num_hidden_layers": 1},
        bounded={"output_range": [-1.0, 3.0], "num_hidden_layers": 1, "pooling_type": "max"},
    ),
    {
        "PatchTSTModel": (
            case("default", past_values=SERIES, past_observed_mask=OBSERVED, **ALL),
            case("channels", past_values=SERIES, past_observed_mask=OBSERVED, output_attentions=True),
            case("after", past_values=SERIES, past_observed_mask=UNSEEN),
            case("hidden", past_values=SERIES, noise=normal(2, 3, 4)),
        ),
        "PatchTSTForPretraining": (
            case("default", past_values=SERIES, past_observed_mask=OBSERVED, noise=normal(2, 3, 4), **ALL),
            case("alike", past_values=SERIES, noise=normal(2, 1, 4)),
            case("forecast", past_values=normal(5, 11, 3), noise=normal(5)),
        ),
        "PatchTSTForClassification": (
            case("default", past_values=SERIES, past_observed_mask=OBSERVED, target_values=given((1, 0)), **ALL),
            case("channels", past_values=SERIES, target_values=given((0, 1))),
        ),
        "PatchTSTForPrediction": (
            case("default", past_values=SERIES, past_observed_mask=OBSERVED, future_values=FUTURE, **ALL),
            case("flat", past_values=SERIES, future_values=FUTURE),
            case("student", past_values=SERIES, future_values=FUTURE),
            case("normal", past_values=SERIES, past_observed_mask=OBSERVED, future_values=FUTURE),
            case("counts", past_values=SERIES, future_values=COUNTS),
        ),
        "PatchTSTForRegression": (
            case("default", past_values=SERIES, past_observed_mask=OBSERVED, target_values=normal(2, 2), **ALL),
            case("student", past_values=SERIES, target_values=normal(2, 2)),
            case("single", past_values=SERIES, target_values=normal(2)),
            case("counts", past_values=SERIES, target_values=replace(ids(2, 2, high=6), dtype="float32")),
            case("bounded", past_values=SERIES, target_values=normal(2, 2)),
        ),
    },
    maps=False,
)
