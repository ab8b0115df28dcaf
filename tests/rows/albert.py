"""ALBERT: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
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
    bits,
    case,
    configs,
    given,
    ids,
    normal,
)

ROW = Row(
    "albert",
    configs(
        {
            "vocab_size": VOCAB,
            "embedding_size": 12,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
            "max_position_embeddings": 19,
        },
        groups={"num_hidden_layers": 4, "num_hidden_groups": 2, "inner_group_num": 2, "hidden_act": "gelu"},
        relu={"hidden_act": "relu", "num_labels": 3, "layer_norm_eps": 1e-5},
        untied={"tie_word_embeddings": False},
        distances={"position_embedding_type": "relative_key_query"},
    ),
    {
        "AlbertModel": (
            case("default", **THREE, token_type_ids=ids(3, 5, high=3), position_ids=ids(3, 5, high=19), **ALL),
            case("default", inputs_embeds=normal(2, 7, 12), attention_mask=RIGHT),
            case("groups", input_ids=ids(2, 4), **ALL),
            case("distances", **TEXT),
        ),
        "AlbertForPreTraining": (
            case("default", **TEXT, token_type_ids=TYPES, labels=LABELS, sentence_order_label=given((1, 0))),
            case("untied", **TEXT, labels=LABELS),
        ),
        "AlbertForMaskedLM": (
            case("default", **TEXT, token_type_ids=TYPES, labels=LABELS, **ALL),
            case("relu", **TEXT),
        ),
        "AlbertForSequenceClassification": (
            case("default", **TEXT, labels=given((1, 0))),
            case("relu", **TEXT, labels=bits(2, 3)),
        ),
        "AlbertForMultipleChoice": (case("default", **CHOICES, token_type_ids=ids(2, 3, 5, high=3), labels=CHOSEN),),
        "AlbertForTokenClassification": (case("relu", **TEXT, labels=TAGS),),
        "AlbertForQuestionAnswering": (case("default", **TEXT, token_type_ids=TYPES, **SPANS),),
    },
)
