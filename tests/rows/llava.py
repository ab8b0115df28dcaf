"""LLaVA: its tiny configs, and the calls of its classes."""

from table import ALL, IGNORED, LEFT, PAD, RIGHT, Row, case, configs, given, ids, normal

IMAGE_TOKEN = 35
LLAMA = {
    "model_type": "llama",
    "vocab_size": 37,
    "hidden_size": 16,
    "intermediate_size": 28,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
    "bos_token_id": PAD,
    "eos_token_id": PAD,
}
CLIP = {
    "model_type": "clip_vision_model",
    "hidden_size": 12,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "image_size": 12,
    "patch_size": 6,
    "projection_dim": 10,
}
SIGLIP = {
    "model_type": "siglip_vision_model",
    "hidden_size": 8,
    "intermediate_size": 20,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_channels": 1,
    "image_size": 8,
    "patch_size": 4,
    "vision_use_head": False,
}
MISTRAL = LLAMA | {"model_type": "mistral", "num_hidden_layers": 1, "sliding_window": 3}
QWEN2 = LLAMA | {"model_type": "qwen2", "num_hidden_layers": 1, "tie_word_embeddings": True}

IDS = ids(2, 7, high=IMAGE_TOKEN).where("1000011", "1100001", other=IMAGE_TOKEN)  # four tokens for each image
LEFT_IDS = ids(2, 7, high=IMAGE_TOKEN).where("1110000", "1000011", other=IMAGE_TOKEN)
BOTH_IDS = ids(2, 9, high=IMAGE_TOKEN).where("000010000", "111111111", other=IMAGE_TOKEN)  # two images in one text
LABELS = ids(2, 7).where("0000011", "1100001", other=IGNORED)
IMAGES, SMALL = normal(2, 3, 12, 12), normal(2, 1, 8, 8)

ROW = Row(
    "llava",
    configs(
        {"text_config": LLAMA, "vision_config": CLIP, "image_token_index": IMAGE_TOKEN},
        several={
            "text_config": MISTRAL,
            "vision_feature_layer": [-2, 1, 3],
            "multimodal_projector_bias": False,
            "projector_hidden_act": "relu",
        },
        full={
            "text_config": QWEN2,
            "vision_config": SIGLIP,
            "vision_feature_layer": -1,
            "vision_feature_select_strategy": "full",
        },
    ),
    {
        "LlavaModel": (
            case("default", input_ids=IDS, attention_mask=RIGHT, pixel_values=IMAGES),
            case("default", input_ids=LEFT_IDS, pixel_values=IMAGES, **LEFT),
            case("several", input_ids=BOTH_IDS, pixel_values=IMAGES),
            case("several", inputs_embeds=normal(2, 7, 16)),
            case("full", input_ids=IDS, attention_mask=RIGHT, pixel_values=SMALL),
        ),
        "LlavaForConditionalGeneration": (
            case("default", input_ids=IDS, attention_mask=RIGHT, pixel_values=IMAGES, labels=LABELS),
            case("full", input_ids=IDS, attention_mask=RIGHT, pixel_values=SMALL, labels=LABELS, **ALL),
            case("full", input_ids=given(((3, 5, 7),))),
        ),
    },
    greedy={
        "LlavaForConditionalGeneration": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            pixel_values=IMAGES,
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
