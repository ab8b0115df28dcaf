"""SigLIP: its tiny configs, and the calls of its classes."""

from table import ALL, IMAGE, RIGHT, Row, bits, case, configs, given, ids, mask, normal

VISION = {
    "hidden_size": 12,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "image_size": 12,
    "patch_size": 4,
}
TEXT = {
    "vocab_size": 37,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 9,
    "projection_size": 12,
}
OTHER_TEXT = TEXT | {"hidden_act": "gelu", "num_hidden_layers": 1, "hidden_size": 12, "projection_size": None}
OTHER_VISION = VISION | {"hidden_act": "gelu", "num_hidden_layers": 1, "num_channels": 1, "image_size": 8}

ROW = Row(
    "siglip",
    configs(
        {"text_config": TEXT, "vision_config": VISION},
        other={"text_config": OTHER_TEXT, "vision_config": OTHER_VISION, "num_labels": 3},
    )
    | {"text": TEXT, "other_text": OTHER_TEXT, "vision": VISION, "headless": OTHER_VISION | {"vision_use_head": False}},
    {
        "SiglipModel": (
            case("default", input_ids=ids(2, 7), attention_mask=RIGHT, pixel_values=IMAGE, return_loss=True),
            case("default", input_ids=ids(3, 5), pixel_values=normal(2, 3, 12, 16), interpolate_pos_encoding=True),
            case("other", input_ids=ids(2, 7), pixel_values=normal(2, 1, 8, 8), return_loss=True, **ALL),
        ),
        "SiglipTextModel": (
            case("text", input_ids=ids(2, 7), attention_mask=mask("0011111", "1111111"), **ALL),
            case("other_text", input_ids=ids(2, 7), position_ids=ids(2, 7, high=9)),
        ),
        "SiglipVisionModel": (
            case("vision", pixel_values=IMAGE, **ALL),
            case("vision", pixel_values=normal(2, 3, 12, 16), interpolate_pos_encoding=True),
            case("headless", pixel_values=normal(2, 1, 8, 8)),
        ),
        "SiglipForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0)), **ALL),
            case("other", pixel_values=normal(2, 1, 12, 8), interpolate_pos_encoding=True, labels=bits(2, 3)),
        ),
    },
)
