"""Phi: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    LABELS,
    LEFT,
    LEFT_IDS,
    PAD,
    RIGHT,
    RIGHT_IDS,
    TAGS,
    TEXT,
    VOCAB,
    Row,
    bits,
    case,
    configs,
    given,
    ids,
    normal,
)

ROW = Row(
    "phi",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 24,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "partial_rotary_factor": 0.7,
            "max_position_embeddings": 32,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        normalised={"qk_layernorm": True, "num_hidden_layers": 1},
        tied={"tie_word_embeddings": True, "num_key_value_heads": None, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "PhiModel": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", inputs_embeds=normal(2, 7, 24)),
            case("normalised", **TEXT),
        ),
        "PhiForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("tied", **TEXT),
        ),
        "PhiForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "PhiForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
    },
    greedy={
        "PhiForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
