"""ViT: its tiny configs, and the calls of its classes."""

from table import ALL, IMAGE, Row, bits, bools, case, configs, given, normal

ROW = Row(
    "vit",
    configs(
        {
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 12,
            "patch_size": 4,
            "encoder_stride": 4,
        },
        no_bias={"qkv_bias": False, "num_labels": 3},
        oblong={"image_size": (12, 8), "patch_size": (4, 2), "num_channels": 1},
        pooler={"pooler_output_size": 10, "pooler_act": "relu", "hidden_act": "gelu_new", "layer_norm_eps": 1e-6},
        one={"num_labels": 1},
    ),
    {
        "ViTModel": (
            case("default", pixel_values=IMAGE, **ALL),
            case("default", pixel_values=normal(2, 3, 20, 16), interpolate_pos_encoding=True),
            case("oblong", pixel_values=normal(2, 1, 12, 8)),
            case("pooler", pixel_values=IMAGE),
        ),
        "ViTForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0))),
            case("no_bias", pixel_values=IMAGE, labels=given((2, 1)), **ALL),
            case("no_bias", pixel_values=IMAGE, labels=bits(2, 3)),
            case("one", pixel_values=normal(2, 3, 20, 16), interpolate_pos_encoding=True, labels=normal(2)),
        ),
        "ViTForMaskedImageModeling": (
            case("default", pixel_values=IMAGE, bool_masked_pos=bools("010110010", "100000111"), **ALL),
            case("no_bias", pixel_values=IMAGE),
        ),
    },
)
