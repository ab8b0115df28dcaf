"""RegNet: its tiny configs, and the calls of its classes."""

from table import Row, case, configs, given, normal

IMAGE = normal(2, 3, 16, 24)
ROW = Row(
    "regnet",
    configs(
        {"embedding_size": 4, "hidden_sizes": [8, 12], "depths": [2, 1], "groups_width": 4},
        x={"layer_type": "x", "groups_width": 16, "hidden_act": "silu", "depths": [1, 1]},
    ),
    {
        "RegNetModel": (case("default", pixel_values=IMAGE, output_hidden_states=True),),
        "RegNetForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0))),
            case("x", pixel_values=IMAGE),
        ),
    },
    maps=False,
)
