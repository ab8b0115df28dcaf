"""Mistral: its tiny configs, and the calls of its classes."""

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
    "mistral",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32,
            "sliding_window": 3,
            "bos_token_id": 36,
            "eos_token_id": 36,
            "pad_token_id": None,
        },
        full={"sliding_window": None, "num_hidden_layers": 1},
        wide={"head_dim": 6, "num_hidden_layers": 1, "tie_word_embeddings": True},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "MistralModel": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("full", **TEXT),
            case("wide", **TEXT),
        ),
        "MistralForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("wide", **TEXT),
        ),
        "MistralForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "MistralForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "MistralForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "MistralForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
