"""BLOOM: its tiny configs, and the calls of its classes."""

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

BLIND = {name: value for name, value in LEFT.items() if name != "position_ids"}

ROW = Row(
    "bloom",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 24,
            "n_layer": 2,
            "n_head": 4,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        post={"apply_residual_connection_post_layernorm": True, "n_head": 3},
        untied={"tie_word_embeddings": False, "n_layer": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "BloomModel": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **BLIND),
            case("default", inputs_embeds=normal(2, 7, 24)),
            case("post", **TEXT),
        ),
        "BloomForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("untied", **TEXT),
        ),
        "BloomForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **BLIND, labels=bits(2, 3)),
        ),
        "BloomForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "BloomForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "BloomForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
