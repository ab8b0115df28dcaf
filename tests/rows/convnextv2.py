"""ConvNeXt V2: its tiny configs, and the calls of its classes."""

from table import Row, case, configs, given, normal

IMAGE = normal(2, 3, 16, 24)
ROW = Row(
    "convnextv2",
    configs(
        {"num_stages": 2, "hidden_sizes": [6, 8], "depths": [1, 2]},
        features={"out_features": ["stem", "stage1"], "hidden_act": "relu", "drop_path_rate": 0.1},
    ),
    {
        "ConvNextV2Model": (case("default", pixel_values=IMAGE, output_hidden_states=True),),
        "ConvNextV2ForImageClassification": (case("default", pixel_values=IMAGE, labels=given((1, 0))),),
        "ConvNextV2Backbone": (case("features", pixel_values=IMAGE),),
    },
    maps=False,
)
