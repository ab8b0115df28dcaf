"""MobileViT: its tiny configs, and the calls of its classes."""

from table import Row, case, configs, given, ids, normal

IMAGE = normal(2, 3, 64, 32)
SEGMENTS = ids(2, 6, 7, high=3).where(("1110111",) * 6, ("0110110",) * 6, other=255)
ROW = Row(
    "mobilevit",
    configs(
        {
            "hidden_sizes": [4, 4, 4],
            "neck_hidden_sizes": [2, 3, 3, 4, 4, 5, 6],
            "num_attention_heads": 2,
            "expand_ratio": 2.0,
            "image_size": 64,
            "aspp_out_channels": 3,
            "atrous_rates": [1, 2, 3],
        },
        dense={"output_stride": 8, "num_labels": 3, "conv_kernel_size": 5, "hidden_act": "relu", "mlp_ratio": 1.0},
    ),
    {
        "MobileViTModel": (case("default", pixel_values=IMAGE, output_hidden_states=True),),
        "MobileViTForImageClassification": (case("default", pixel_values=IMAGE, labels=given((1, 0))),),
        "MobileViTForSemanticSegmentation": (case("dense", pixel_values=IMAGE, labels=SEGMENTS),),
    },
    maps=False,
)
