"""The small BlenderBot: its tiny configs, and the calls of its classes."""

from table import ALL, CROSS, IGNORED, LABELS, SOURCE, TARGET, TEXT, TINY_PAIR, Row, case, configs, ids, normal

ROW = Row(
    "blenderbot-small",
    configs(TINY_PAIR, scaled={"scale_embedding": True, "tie_word_embeddings": False, "activation_function": "relu"}),
    {
        "BlenderbotSmallModel": (
            case("default", **SOURCE, **TARGET, **ALL),
            case("scaled", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16)),
        ),
        "BlenderbotSmallForConditionalGeneration": (
            case("default", **SOURCE, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),
            case("scaled", **SOURCE, **TARGET),
        ),
        "BlenderbotSmallForCausalLM": (case("default", **TEXT, labels=LABELS, **ALL), case("scaled", **TEXT, **CROSS)),
    },
    greedy={"BlenderbotSmallForConditionalGeneration": case("default", **SOURCE, do_sample=False, max_new_tokens=8)},
)
