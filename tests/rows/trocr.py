"""TrOCR: its tiny configs, and the calls of its class."""

from table import ALL, CROSS, IGNORED, VOCAB, Row, case, configs, ids, mask, normal

TINY = {
    "vocab_size": VOCAB,
    "d_model": 16,
    "decoder_layers": 2,
    "decoder_attention_heads": 4,
    "decoder_ffn_dim": 20,
    "max_position_embeddings": 19,
}
LABELS = ids(2, 7).where("0110100", "1011011", other=IGNORED)
TEXT = {"input_ids": ids(2, 7, low=2), "attention_mask": mask("1111100", "1111111")}

ROW = Row(
    "trocr",
    configs(
        TINY,
        # microsoft/trocr-large-printed: as default as the base models' are
        large={
            "use_learned_position_embeddings": False,
            "layernorm_embedding": False,
            "scale_embedding": True,
            "activation_function": "relu",
            "cross_attention_hidden_size": 12,
            "tie_word_embeddings": False,
        },
    ),
    {
        "TrOCRForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("default", **TEXT, **CROSS, **ALL),
            case("large", input_ids=ids(2, 7).where("1111100", "1111111", other=1), labels=LABELS),
            case("large", **TEXT, encoder_hidden_states=normal(2, 6, 12)),
        ),
    },
    greedy={
        "TrOCRForCausalLM": case(
            "default", input_ids=ids(2, 7, low=3), attention_mask=mask("1111111", "1111111"), do_sample=False, max_new_tokens=6
        )
    },
    unread={
        "decoder_start_token_id": "only generating asks for it, and then a whole whose part this is says so",
    },
)
