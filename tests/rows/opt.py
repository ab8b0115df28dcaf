"""OPT: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    LABELS,
    LEFT,
    LEFT_IDS,
    PAD,
    RIGHT,
    RIGHT_IDS,
    SPANS,
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
    "opt",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "ffn_dim": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": 32,
            "pad_token_id": PAD,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        after={"do_layer_norm_before": False, "word_embed_proj_dim": 12, "num_hidden_layers": 1},  # as OPT 350M
        bare={"enable_bias": False, "activation_function": "gelu", "num_hidden_layers": 1},
        ends={"_remove_final_layer_norm": True, "tie_word_embeddings": False, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "OPTModel": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", input_ids=ids(2, 7), attention_mask=LEFT["attention_mask"], blind=LEFT["blind"]),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("after", **TEXT, **ALL),
            case("bare", **TEXT),
            case("ends", **TEXT),
        ),
        "OPTForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("after", **TEXT),
        ),
        "OPTForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "OPTForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "OPTForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
