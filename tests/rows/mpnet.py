"""MPNet: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    CHOICES,
    CHOSEN,
    LABELS,
    RIGHT,
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
    mask,
    normal,
)

ROW = Row(
    "mpnet",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": 40,
        },
        relu={"hidden_act": "relu", "num_labels": 3, "layer_norm_eps": 1e-5},
        untied={"tie_word_embeddings": False},
    ),
    {
        "MPNetModel": (
            case("default", input_ids=ids(2, 7).where("0011111", "1111111", other=1), attention_mask=RIGHT, **ALL),
            case("default", input_ids=ids(2, 36), attention_mask=mask("1" * 36, "1" * 30 + "0" * 6)),  # into the wide buckets
            case("default", inputs_embeds=normal(2, 7, 16), position_ids=ids(2, 7, high=19)),
            case("relu", inputs_embeds=normal(2, 7, 16)),
        ),
        "MPNetForMaskedLM": (
            case("default", **TEXT, labels=LABELS, **ALL),
            case("untied", **TEXT),
        ),
        "MPNetForSequenceClassification": (
            case("default", **TEXT, labels=given((1, 0))),
            case("relu", **TEXT, labels=bits(2, 3)),
        ),
        "MPNetForMultipleChoice": (case("default", **CHOICES, labels=CHOSEN),),
        "MPNetForTokenClassification": (case("relu", **TEXT, labels=TAGS),),
        "MPNetForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
)
