"""SegFormer: its tiny configs, and the calls of its classes."""

from table import ALL, Row, case, configs, given, ids, normal

IMAGE = normal(2, 3, 16, 24)
ROWS = ("1110111", "0110110", "1111111")
SEGMENTS = ids(2, 3, 7, high=3).where(ROWS, ROWS[::-1], other=255)
ROW = Row(
    "segformer",
    configs(
        {
            "num_encoder_blocks": 2,
            "depths": [1, 2],
            "sr_ratios": [2, 1],
            "hidden_sizes": [4, 8],
            "patch_sizes": [7, 3],
            "strides": [4, 2],
            "num_attention_heads": [1, 2],
            "mlp_ratios": [2, 3],
            "decoder_hidden_size": 6,
            "num_labels": 3,
        },
        one={"num_labels": 1, "hidden_act": "relu", "semantic_loss_ignore_index": -1, "drop_path_rate": 0.0},
    ),
    {
        "SegformerModel": (case("default", pixel_values=IMAGE, **ALL),),
        "SegformerForImageClassification": (case("default", pixel_values=IMAGE, labels=given((1, 2))),),
        "SegformerForSemanticSegmentation": (
            case("default", pixel_values=IMAGE, labels=SEGMENTS, output_attentions=True),
            case("one", pixel_values=IMAGE, labels=ids(2, 16, 24, low=-1, high=2)),
        ),
    },
    maps=False,
)
