"""Swin: its tiny configs, and the calls of its classes."""

from table import ALL, Row, bits, bools, case, configs, given, normal

IMAGE = normal(2, 3, 24, 24)
ROW = Row(
    "swin",
    configs(
        {
            "embed_dim": 4,
            "depths": [2, 2],
            "num_heads": [1, 2],
            "window_size": 3,
            "image_size": 24,
            "patch_size": 4,
            "mlp_ratio": 2.0,
            "encoder_stride": 8,
        },
        no_bias={"qkv_bias": False, "num_labels": 3, "hidden_act": "gelu_new", "layer_norm_eps": 1e-6, "window_size": 2},
        features={"out_features": ["stem", "stage1", "stage2"], "depths": [1, 2]},
    ),
    {
        "SwinModel": (
            case("default", pixel_values=IMAGE, **ALL),
            case("no_bias", pixel_values=normal(2, 3, 27, 33)),
        ),
        "SwinForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0))),
            case("no_bias", pixel_values=IMAGE, labels=bits(2, 3)),
        ),
        "SwinForMaskedImageModeling": (
            case(
                "default",
                pixel_values=IMAGE,
                bool_masked_pos=bools("010110010011010110010011010110010011", "100000111000111100100111000001100100"),
            ),
        ),
        "SwinBackbone": (case("features", pixel_values=normal(2, 3, 12, 20), **ALL),),
    },
    maps=False,
)
