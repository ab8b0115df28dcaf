"""CLIP: its tiny configs, and the calls of its classes."""

from table import ALL, IMAGE, RIGHT, Row, bits, case, configs, given, ids, mask, normal

VISION = {
    "hidden_size": 12,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "image_size": 12,
    "patch_size": 4,
    "projection_dim": 10,
}
TEXT = {
    "vocab_size": 37,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 9,
    "projection_dim": 10,
    "eos_token_id": 35,
}
OTHER_TEXT = TEXT | {"num_hidden_layers": 1, "hidden_act": "gelu", "layer_norm_eps": 1e-6, "eos_token_id": 2}
OTHER_VISION = VISION | {
    "num_hidden_layers": 1,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-6,
    "num_channels": 1,
    "image_size": 8,
}

IDS = given(((34, 3, 7, 35, 35, 0, 0), (34, 8, 9, 21, 4, 36, 35)))

THREE = {"input_ids": given(((34, 5, 35), (34, 35, 1), (35, 2, 35))), "attention_mask": mask("111", "110", "111")}

ROW = Row(
    "clip",
    configs(
        {"text_config": TEXT, "vision_config": VISION, "projection_dim": 10},
        other={"text_config": OTHER_TEXT, "vision_config": OTHER_VISION, "logit_scale_init_value": 1.0, "num_labels": 3},
    )
    | {"text": TEXT, "other_text": OTHER_TEXT, "vision": VISION, "other_vision": OTHER_VISION},
    {
        "CLIPModel": (
            case("default", input_ids=IDS, attention_mask=RIGHT, pixel_values=IMAGE, return_loss=True),
            case("default", **THREE, pixel_values=normal(2, 3, 12, 16), interpolate_pos_encoding=True),
            case("other", input_ids=IDS, pixel_values=normal(2, 1, 8, 8), return_loss=True, **ALL),
        ),
        "CLIPTextModel": (
            case("text", input_ids=IDS, attention_mask=RIGHT, **ALL),
            case("other_text", input_ids=IDS, position_ids=ids(2, 7, high=9)),
        ),
        "CLIPTextModelWithProjection": (case("text", input_ids=IDS, attention_mask=RIGHT, **ALL),),
        "CLIPVisionModel": (
            case("vision", pixel_values=IMAGE, **ALL),
            case("vision", pixel_values=normal(2, 3, 12, 16), interpolate_pos_encoding=True),
            case("other_vision", pixel_values=normal(2, 1, 8, 8)),
        ),
        "CLIPVisionModelWithProjection": (case("vision", pixel_values=IMAGE, **ALL),),
        "CLIPForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0)), **ALL),
            case("other", pixel_values=normal(2, 1, 8, 8), labels=bits(2, 3)),
        ),
    },
    unread={
        "text_config_dict": "an old twin of text_config, kept as it was read; `check` refuses one that says otherwise",
        "vision_config_dict": "an old twin of vision_config",
    },
)
