"""BEiT: its tiny configs, and the calls of its classes."""

from table import ALL, IMAGE, Row, bools, case, configs, given, ids, normal

SEGMENTS = ids(2, 6, 7, high=3).where(("1110111",) * 6, ("0110110",) * 6, other=255)
RELATIVE = {"use_relative_position_bias": True, "use_mask_token": True}
ROW = Row(
    "beit",
    configs(
        {
            "vocab_size": 11,
            "hidden_size": 8,
            "intermediate_size": 12,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 12,
            "patch_size": 4,
        },
        relative=RELATIVE,
        shared=RELATIVE
        | {
            "use_shared_relative_position_bias": True,
            "use_absolute_position_embeddings": True,
            "use_mean_pooling": False,
            "layer_scale_init_value": 0,
            "hidden_act": "gelu_new",
        },
        segments={
            "num_hidden_layers": 4,
            "hidden_size": 4,
            "intermediate_size": 4,
            "out_indices": [1, 2, 3, 4],
            "pool_scales": [1, 2],
            "auxiliary_channels": 3,
            "auxiliary_concat_input": True,
            "num_labels": 3,
        },
        features={"out_features": ["stem", "stage2"]},
    ),
    {
        "BeitModel": (
            case("relative", pixel_values=IMAGE, bool_masked_pos=bools("010110010", "100000111"), **ALL),
            case("relative", pixel_values=normal(2, 3, 20, 16)),
            case("shared", pixel_values=IMAGE),
            case("shared", pixel_values=normal(2, 3, 20, 16)),
        ),
        "BeitForMaskedImageModeling": (
            case(
                "relative",
                pixel_values=IMAGE,
                bool_masked_pos=bools("010110010", "100000111"),
                labels=ids(8, high=11),
            ),
        ),
        "BeitForImageClassification": (case("default", pixel_values=IMAGE, labels=given((1, 0))),),
        "BeitForSemanticSegmentation": (case("segments", pixel_values=IMAGE, labels=SEGMENTS),),
        "BeitBackbone": (case("features", pixel_values=IMAGE, output_hidden_states=True),),
    },
)
