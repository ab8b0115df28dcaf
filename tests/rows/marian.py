"""Marian: its tiny configs, and the calls of its classes."""

from table import ALL, CHECKED, CROSS, IGNORED, LABELS, SOURCE, TARGET, TEXT, TINY_PAIR, Row, case, configs, ids, normal

ROW = Row(
    "marian",
    configs(
        TINY_PAIR | {"pad_token_id": 36, "decoder_start_token_id": 36, "eos_token_id": 0},
        apart={"share_encoder_decoder_embeddings": False},
        scaled={"scale_embedding": True, "tie_word_embeddings": False, "activation_function": "swish"},
    ),
    {
        "MarianModel": (
            case("default", **SOURCE, **TARGET, **ALL),
            case("scaled", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16)),
            case("apart", **SOURCE, **TARGET),
        ),
        "MarianMTModel": (
            case("default", **SOURCE, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),
            case("scaled", **SOURCE, **TARGET),
            case("apart", **SOURCE, **TARGET, labels=ids(2, 5)),
        ),
        "MarianForCausalLM": (case("default", **TEXT, labels=LABELS, **ALL), case("scaled", **TEXT, **CROSS)),
    },
    greedy={"MarianMTModel": case("default", **SOURCE, do_sample=False, max_new_tokens=8)},
    unread={
        "decoder_vocab_size": CHECKED,
    },
)
