"""ResNet: its tiny configs, and the calls of its classes."""

from table import Row, bits, case, configs, given, normal

IMAGE = normal(2, 3, 32, 24)
BASIC = {"layer_type": "basic", "hidden_sizes": [6, 8], "depths": [1, 2], "embedding_size": 6}
ROW = Row(
    "resnet",
    configs(
        {"embedding_size": 4, "hidden_sizes": [8, 16], "depths": [2, 1]},
        basic=BASIC | {"num_labels": 3},
        early={"downsample_in_first_stage": True, "downsample_in_bottleneck": True, "hidden_act": "gelu", "num_channels": 1},
        features=BASIC | {"out_features": ["stem", "stage2"]},
    ),
    {
        "ResNetModel": (
            case("default", pixel_values=IMAGE, output_hidden_states=True),
            case("early", pixel_values=normal(2, 1, 17, 16)),
        ),
        "ResNetForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0))),
            case("basic", pixel_values=IMAGE, labels=bits(2, 3), output_hidden_states=True),
        ),
        "ResNetBackbone": (
            case("default", pixel_values=IMAGE),
            case("features", pixel_values=IMAGE, output_hidden_states=True),
        ),
    },
    maps=False,
)
