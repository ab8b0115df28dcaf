"""M2M-100: its tiny configs, and the calls of its classes."""

from table import ALL, IGNORED, SOURCE, TARGET, TINY_PAIR, Row, case, configs, ids, normal

PADDED = {"input_ids": ids(2, 6, low=2).where("111100", "111111", other=1), "decoder_input_ids": ids(2, 5)}

ROW = Row(
    "m2m_100",
    configs(
        TINY_PAIR | {"eos_token_id": 36},
        plain={"scale_embedding": False, "tie_word_embeddings": False, "activation_function": "gelu"},
    ),
    {
        "M2M100Model": (
            case("default", **SOURCE, **TARGET, **ALL),
            case("default", **PADDED),
            case("plain", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16)),
        ),
        "M2M100ForConditionalGeneration": (
            case("default", **SOURCE, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),
            case("plain", **SOURCE, **TARGET),
        ),
    },
    greedy={"M2M100ForConditionalGeneration": case("default", **SOURCE, do_sample=False, max_new_tokens=8)},
    unread={
        "max_position_embeddings": "positions are computed, however many there are; Transformers has no limit either",
    },
)
