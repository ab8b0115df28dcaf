"""DistilBERT: its tiny configs, and the calls of its classes."""

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
    VOCAB,
    Row,
    bits,
    case,
    configs,
    given,
    normal,
)

ROW = Row(
    "distilbert",
    configs(
        {"vocab_size": VOCAB, "dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 19},
        relu={"activation": "relu", "num_labels": 3},
        sinusoidal={"sinusoidal_pos_embds": True},  # Transformers' Flax part has no such weights then
        untied={"tie_word_embeddings": False},
    ),
    {
        "DistilBertModel": (
            case("default", **THREE, **ALL),
            case("default", inputs_embeds=normal(2, 7, 16), attention_mask=RIGHT),
            case("sinusoidal", **TEXT),
        ),
        "DistilBertForMaskedLM": (
            case("default", **TEXT, labels=LABELS, **ALL),
            case("relu", **TEXT, labels=LABELS),
            case("untied", **TEXT),
        ),
        "DistilBertForSequenceClassification": (
            case("default", **TEXT, labels=given((1, 0))),
            case("relu", **TEXT, labels=bits(2, 3), **ALL),
        ),
        "DistilBertForMultipleChoice": (case("default", **CHOICES, labels=CHOSEN),),
        "DistilBertForTokenClassification": (case("relu", **TEXT, labels=TAGS),),
        "DistilBertForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
)
