"""ViLT: its tiny configs, and the calls of its classes."""

from table import ALL, LABELS, TAGS, TEXT, TYPES, VOCAB, Row, bits, case, configs, given, mask, normal

IMAGE = {"pixel_values": normal(2, 3, 12, 20)}
SHOWN = mask(("1" * 20,) * 12, ("1" * 12 + "0" * 8,) * 8 + ("0" * 20,) * 4)  # the first fills the batch
SEEN = IMAGE | {"pixel_mask": SHOWN}

ROW = Row(
    "vilt",
    configs(
        {
            "vocab_size": VOCAB,
            "type_vocab_size": 3,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "max_position_embeddings": 19,
            "image_size": 12,
            "patch_size": 4,
            "num_labels": 3,
        },
        limited={"max_image_length": 8, "qkv_bias": False, "hidden_act": "gelu_new", "num_hidden_layers": 2},
        tied={"tie_word_embeddings": True},
        several={"modality_type_vocab_size": 3, "num_images": 2},
    ),
    {
        "ViltModel": (
            case("default", **TEXT, **SEEN, token_type_ids=TYPES, **ALL),
            case("default", inputs_embeds=normal(2, 7, 16), image_embeds=normal(2, 4, 16), pixel_mask=mask("1101", "1111")),
            case("limited", **TEXT, **SEEN),
        ),
        "ViltForMaskedLM": (
            case("default", **TEXT, **SEEN, labels=LABELS),
            case("tied", **TEXT, pixel_values=normal(2, 3, 12, 12), labels=LABELS),
        ),
        "ViltForQuestionAnswering": (case("default", **TEXT, **SEEN, labels=bits(2, 3)),),
        "ViltForImageAndTextRetrieval": (case("default", **TEXT, **SEEN),),
        "ViltForImagesAndTextClassification": (
            case("several", **TEXT, pixel_values=normal(2, 2, 3, 12, 12), labels=given((2, 1)), output_attentions=True),
        ),
        "ViltForTokenClassification": (case("default", **TEXT, **SEEN, labels=TAGS),),
    },
)
