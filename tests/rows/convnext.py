"""ConvNeXt: its tiny configs, and the calls of its classes."""

from table import Row, bits, case, configs, given, normal

IMAGE = normal(2, 3, 16, 24)
ROW = Row(
    "convnext",
    configs(
        {"num_stages": 3, "hidden_sizes": [6, 8, 12], "depths": [1, 2, 1]},
        plain={
            "layer_scale_init_value": 0,
            "hidden_act": "gelu_new",
            "layer_norm_eps": 1e-6,
            "num_labels": 3,
            "drop_path_rate": 0.1,
        },
        narrow={"num_channels": 1, "patch_size": 2, "num_stages": 2, "hidden_sizes": [6, 6], "depths": [1, 1]},
        features={"out_features": ["stem", "stage2"]},
    ),
    {
        "ConvNextModel": (
            case("default", pixel_values=IMAGE, output_hidden_states=True),
            case("narrow", pixel_values=normal(2, 1, 9, 8)),
        ),
        "ConvNextForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0)), output_hidden_states=True),
            case("plain", pixel_values=IMAGE, labels=bits(2, 3)),
        ),
        "ConvNextBackbone": (
            case("default", pixel_values=IMAGE),
            case("features", pixel_values=IMAGE, output_hidden_states=True),
        ),
    },
    maps=False,
)
