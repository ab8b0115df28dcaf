"""GPT-J: its tiny configs, and the calls of its classes."""

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
    "gptj",
    configs(
        {
            "vocab_size": VOCAB,
            "n_embd": 24,
            "n_layer": 2,
            "n_head": 4,
            "rotary_dim": 4,
            "n_positions": 32,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        whole={"rotary_dim": 6, "n_inner": 28, "n_layer": 1},
        tied={"tie_word_embeddings": True, "n_layer": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "GPTJModel": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", inputs_embeds=normal(2, 7, 24)),
            case("whole", **TEXT, token_type_ids=ids(2, 7)),
        ),
        "GPTJForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("tied", **TEXT),
        ),
        "GPTJForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "GPTJForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "GPTJForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
