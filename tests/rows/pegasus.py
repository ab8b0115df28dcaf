"""PEGASUS: its tiny configs, and the calls of its classes."""

from table import ALL, CROSS, IGNORED, LABELS, SOURCE, TARGET, TEXT, TINY_PAIR, Row, case, configs, ids, normal

ROW = Row(
    "pegasus",
    configs(TINY_PAIR, scaled={"scale_embedding": True, "tie_word_embeddings": False, "activation_function": "relu"}),
    {
        "PegasusModel": (
            case("default", **SOURCE, **TARGET, **ALL),
            case("scaled", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16)),
        ),
        "PegasusForConditionalGeneration": (
            case("default", **SOURCE, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),
            case("scaled", **SOURCE, **TARGET),
        ),
        "PegasusForCausalLM": (case("default", **TEXT, labels=LABELS, **ALL), case("scaled", **TEXT, **CROSS)),
    },
    greedy={"PegasusForConditionalGeneration": case("default", **SOURCE, do_sample=False, max_new_tokens=8)},
)
