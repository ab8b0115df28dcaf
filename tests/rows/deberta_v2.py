"""DeBERTa-v2: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    CHECKED,
    CHOICES,
    CHOSEN,
    LABELS,
    RIGHT,
    SPANS,
    TAGS,
    TEXT,
    THREE,
    TYPES,
    VOCAB,
    Row,
    case,
    configs,
    given,
    ids,
    mask,
    normal,
)

V3 = {  # as deberta-v3 sets them
    "relative_attention": True,
    "position_buckets": 8,
    "max_relative_positions": -1,
    "share_att_key": True,
    "pos_att_type": "p2c|c2p",
    "norm_rel_ebd": "layer_norm",
    "position_biased_input": False,
    "type_vocab_size": 0,
    "num_labels": 3,
}

ROW = Row(
    "deberta-v2",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
            "max_position_embeddings": 40,
        },
        v3=V3,
        v2=V3 | {"conv_kernel_size": 3, "conv_act": "gelu", "attention_head_size": 8},  # as deberta-v2-xlarge
        apart={  # projections and widths of their own
            "relative_attention": True,
            "max_relative_positions": 5,
            "pos_att_type": ["c2p", "p2c"],
            "embedding_size": 12,
            "conv_kernel_size": 3,
            "conv_groups": 2,
        },
        one_way={"relative_attention": True, "pos_att_type": ["c2p"], "pooler_hidden_act": "tanh", "num_labels": 3},
        untied={"tie_word_embeddings": False},
        new_head={"legacy": False, "tie_word_embeddings": False},
        regression={"problem_type": "regression", "num_labels": 1},
    ),
    {
        "DebertaV2Model": (
            case("default", **THREE, token_type_ids=ids(3, 5, high=3), position_ids=ids(3, 5, high=19)),
            case("v3", input_ids=ids(1, 36), attention_mask=mask("1" * 30 + "0" * 6)),  # into the wide buckets
            case("v2", **TEXT, **ALL),
            case("apart", inputs_embeds=normal(2, 7, 12), attention_mask=RIGHT),
            case("one_way", **TEXT),
        ),
        "DebertaV2ForMaskedLM": (
            case("default", **TEXT, token_type_ids=TYPES, labels=LABELS),
            case("v3", **TEXT, labels=LABELS),
            case("untied", **TEXT),
            case("new_head", **TEXT, labels=LABELS),
        ),
        "DebertaV2ForSequenceClassification": (
            case("v3", **TEXT, labels=given((2, 1))),
            case("v3", **TEXT, labels=normal(2, 3)),
            case("regression", **TEXT, labels=normal(2)),
            case("one_way", **TEXT),
        ),
        "DebertaV2ForMultipleChoice": (case("v3", **CHOICES, labels=CHOSEN),),
        "DebertaV2ForTokenClassification": (case("v3", **TEXT, labels=TAGS),),
        "DebertaV2ForQuestionAnswering": (case("default", **TEXT, token_type_ids=TYPES, **SPANS),),
    },
    unread={
        "attention_head_size": CHECKED,
        "pooler_hidden_size": CHECKED,
    },
)
