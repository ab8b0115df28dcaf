"""Mixtral: its tiny configs, and the calls of its classes."""

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
    "mixtral",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 20,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32,
            "num_local_experts": 3,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        sliding={"sliding_window": 3, "num_experts_per_tok": 1, "num_local_experts": 2, "num_hidden_layers": 1},
        routed={"output_router_logits": True, "router_aux_loss_coef": 0.5, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "MixtralModel": (
            case("default", **TEXT, **ALL, output_router_logits=True),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("sliding", **TEXT),
        ),
        "MixtralForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("routed", **TEXT, labels=LABELS),
            case("routed", input_ids=ids(2, 7), labels=ids(2, 7)),
        ),
        "MixtralForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "MixtralForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "MixtralForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "MixtralForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
    rounds=True,
)
