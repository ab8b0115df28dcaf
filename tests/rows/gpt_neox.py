"""GPT-NeoX: its tiny configs, and the calls of its classes."""

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
    "gpt_neox",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": 32,
            "rotary_pct": 0.5,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        sequential={"use_parallel_residual": False, "rotary_pct": 1.0, "rotary_emb_base": 500, "num_hidden_layers": 1},
        tied={"tie_word_embeddings": True, "attention_bias": False, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "GPTNeoXModel": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("sequential", **TEXT),
        ),
        "GPTNeoXForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("tied", **TEXT),
        ),
        "GPTNeoXForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "GPTNeoXForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "GPTNeoXForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "GPTNeoXForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
