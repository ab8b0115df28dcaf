"""BLIP: its tiny configs, and the calls of its classes."""

from table import ALL, IGNORED, IMAGE, RIGHT, Row, case, configs, given, ids, mask, normal

VISION = {
    "hidden_size": 12,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "image_size": 12,
    "patch_size": 6,
    "num_channels": 3,
}
TEXT = {
    "vocab_size": 37,
    "hidden_size": 16,
    "encoder_hidden_size": 12,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 19,
    "bos_token_id": 35,
    "sep_token_id": 1,
    "label_smoothing": 0.1,
}
OTHER_TEXT = TEXT | {"num_hidden_layers": 1, "hidden_act": "relu", "layer_norm_eps": 1e-6, "label_smoothing": 0.0}
OTHER_VISION = VISION | {"num_hidden_layers": 1, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-6}
EQUAL = {"hidden_size": 12, "num_hidden_layers": 1}  # one who answers attends to the question as to an image

IDS = ids(2, 7)
WIDE = normal(2, 3, 12, 18)
QUESTION = {"input_ids": IDS, "attention_mask": RIGHT, "pixel_values": IMAGE}
PROMPT = given(((35, 4, 9, 0), (35, 21, 7, 0)))  # the last token is left out when a caption is made
SEEN = {"encoder_hidden_states": normal(2, 6, 12), "encoder_attention_mask": mask("111111", "011100")}

ROW = Row(
    "blip",
    configs(
        {
            "text_config": TEXT | {"num_hidden_layers": 1},
            "vision_config": VISION | {"num_hidden_layers": 1},
            "projection_dim": 10,
            "image_text_hidden_size": 8,
        },
        other={"text_config": OTHER_TEXT, "vision_config": OTHER_VISION, "logit_scale_init_value": 1.0},
        equal={"text_config": TEXT | EQUAL, "vision_config": VISION | EQUAL},
        other_equal={"text_config": OTHER_TEXT | EQUAL, "vision_config": OTHER_VISION | EQUAL},
    )
    | {
        "text": TEXT,
        "encoder": OTHER_TEXT | {"is_decoder": False},
        "vision": VISION,
        "other_vision": OTHER_VISION | {"patch_size": 4},
    },
    {
        "BlipModel": (
            case("default", **QUESTION, return_loss=True, output_hidden_states=True),
            case("other", input_ids=ids(3, 7), pixel_values=WIDE, interpolate_pos_encoding=True),
        ),
        "BlipTextModel": (
            case("text", input_ids=IDS, attention_mask=RIGHT, **SEEN, **ALL),
            case("text", inputs_embeds=normal(2, 7, 16), position_ids=ids(2, 7, high=19)),
            case("encoder", input_ids=IDS, attention_mask=RIGHT),
        ),
        "BlipVisionModel": (
            case("vision", pixel_values=IMAGE, **ALL),
            case("vision", pixel_values=WIDE, interpolate_pos_encoding=True),
            case("other_vision", pixel_values=IMAGE),
        ),
        "BlipForConditionalGeneration": (
            case("default", **QUESTION, labels=ids(2, 7).where("0110100", "1011011", other=IGNORED)),
            case("other", **QUESTION, labels=ids(2, 7).where("0110100", "1011011", other=IGNORED)),
        ),
        "BlipForQuestionAnswering": (
            case("equal", **QUESTION, labels=ids(2, 5)),
            case(
                "other_equal",
                **QUESTION,
                decoder_input_ids=ids(2, 5),
                decoder_attention_mask=mask("11100", "11111"),
                labels=ids(2, 5).where("01110", "11111", other=IGNORED),
            ),
        ),
        "BlipForImageTextRetrieval": (
            case("default", **QUESTION, **ALL),
            case("other", **QUESTION, use_itm_head=False),
        ),
    },
    greedy={
        "BlipForConditionalGeneration": case(
            "default",
            input_ids=PROMPT,
            attention_mask=mask("1111", "1111"),
            pixel_values=IMAGE,
            do_sample=False,
            max_new_tokens=7,
        ),
        "BlipForQuestionAnswering": case(
            "equal",
            input_ids=IDS,
            attention_mask=mask("1111111", "1111111"),
            pixel_values=IMAGE,
            do_sample=False,
            max_new_tokens=7,
        ),
    },
    unread={
        "sep_token_id": "only generating asks for it",
    },
)
