"""ELECTRA: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    CHOICES,
    CHOSEN,
    CROSS,
    LABELS,
    RIGHT,
    SPANS,
    TAGS,
    TEXT,
    THREE,
    TYPES,
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
    "electra",
    configs(
        {
            "vocab_size": VOCAB,
            "embedding_size": 12,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
            "max_position_embeddings": 19,
        },
        one_width={"embedding_size": 16, "hidden_act": "relu", "num_labels": 3, "summary_activation": None},
        cross={"is_decoder": True, "add_cross_attention": True},
        decoder={"is_decoder": True},
        untied={"tie_word_embeddings": False},
    ),
    {
        "ElectraModel": (
            case("default", **THREE, token_type_ids=ids(3, 5, high=3), position_ids=ids(3, 5, high=19), **ALL),
            case("default", inputs_embeds=normal(2, 7, 12), attention_mask=RIGHT),
            case("one_width", **TEXT),
        ),
        "ElectraForPreTraining": (
            case("default", **TEXT, token_type_ids=TYPES, labels=ids(2, 7, high=2), **ALL),
            case("default", input_ids=ids(2, 7), labels=ids(2, 7, high=2)),
            case("one_width", **TEXT),
        ),
        "ElectraForMaskedLM": (
            case("default", **TEXT, token_type_ids=TYPES, labels=LABELS),
            case("untied", **TEXT),
        ),
        "ElectraForCausalLM": (
            case("decoder", **TEXT, labels=LABELS),
            case("cross", **TEXT, **CROSS, labels=LABELS, **ALL),
        ),
        "ElectraForSequenceClassification": (
            case("default", **TEXT, labels=given((1, 0))),
            case("one_width", **TEXT, labels=bits(2, 3)),
        ),
        "ElectraForMultipleChoice": (
            case("default", **CHOICES, token_type_ids=ids(2, 3, 5, high=3), labels=CHOSEN),
            case("one_width", **CHOICES),
        ),
        "ElectraForTokenClassification": (case("one_width", **TEXT, labels=TAGS),),
        "ElectraForQuestionAnswering": (case("default", **TEXT, token_type_ids=TYPES, **SPANS),),
    },
)
