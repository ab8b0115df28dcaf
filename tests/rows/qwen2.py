"""Qwen2: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    LABELS,
    LEFT,
    LEFT_IDS,
    PAD,
    RIGHT,
    RIGHT_IDS,
    SPANS,
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
    "qwen2",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32,
            "tie_word_embeddings": True,
            "bos_token_id": 36,
            "eos_token_id": 36,
            "pad_token_id": None,
        },
        untied={"tie_word_embeddings": False, "num_hidden_layers": 1},
        window={"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 0},
        yarn={
            "num_hidden_layers": 1,
            "max_position_embeddings": 64,
            "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
        },
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "Qwen2Model": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("window", **TEXT),
            case("yarn", **TEXT),
        ),
        "Qwen2ForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("untied", **TEXT),
        ),
        "Qwen2ForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "Qwen2ForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "Qwen2ForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "Qwen2ForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
