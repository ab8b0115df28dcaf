"""LayoutLM: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    LABELS,
    RIGHT,
    SPANS,
    TAGS,
    TEXT,
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

BOXES = given(  # left <= right, top <= bottom
    tuple(tuple((n + t, 2 * t, n + 3 * t + 1, 2 * t + n + 4) for t in range(7)) for n in (0, 3)),
)

ROW = Row(
    "layoutlm",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
            "max_position_embeddings": 19,
            "max_2d_position_embeddings": 29,
        },
        relu={"hidden_act": "relu", "num_labels": 3, "layer_norm_eps": 1e-5},
        untied={"tie_word_embeddings": False},
    ),
    {
        "LayoutLMModel": (
            case("default", **TEXT, bbox=BOXES, token_type_ids=TYPES, **ALL),
            case("default", inputs_embeds=normal(2, 7, 16), attention_mask=RIGHT, position_ids=ids(2, 7, high=19)),
        ),
        "LayoutLMForMaskedLM": (
            case("default", **TEXT, bbox=BOXES, labels=LABELS),
            case("untied", **TEXT, bbox=BOXES),
        ),
        "LayoutLMForSequenceClassification": (
            case("default", **TEXT, bbox=BOXES, labels=given((1, 0))),
            case("relu", **TEXT, bbox=BOXES, labels=bits(2, 3)),
        ),
        "LayoutLMForTokenClassification": (case("relu", **TEXT, bbox=BOXES, labels=TAGS),),
        "LayoutLMForQuestionAnswering": (case("default", **TEXT, bbox=BOXES, **SPANS),),
    },
)
