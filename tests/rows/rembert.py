"""RemBERT: its tiny configs, and the calls of its classes."""

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
    mask,
    normal,
)

ROW = Row(
    "rembert",
    configs(
        {
            "vocab_size": VOCAB,
            "input_embedding_size": 12,
            "output_embedding_size": 20,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
            "max_position_embeddings": 19,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        labels={"num_labels": 3, "hidden_act": "relu", "num_hidden_layers": 1},
        decoder={"is_decoder": True},
        cross={"is_decoder": True, "add_cross_attention": True, "num_hidden_layers": 1},
    ),
    {
        "RemBertModel": (
            case("default", **THREE, token_type_ids=ids(3, 5, high=3), position_ids=ids(3, 5, high=19), **ALL),
            case("default", inputs_embeds=normal(2, 7, 12), attention_mask=RIGHT),
        ),
        "RemBertForMaskedLM": (
            case("default", **TEXT, token_type_ids=TYPES, labels=LABELS, **ALL),
            case("labels", **TEXT),
        ),
        "RemBertForCausalLM": (
            case("decoder", **TEXT, labels=LABELS),
            case("cross", **TEXT, **CROSS, labels=LABELS, **ALL),
        ),
        "RemBertForSequenceClassification": (
            case("default", **TEXT, labels=given((1, 0))),
            case("labels", **TEXT, labels=bits(2, 3)),
        ),
        "RemBertForMultipleChoice": (case("default", **CHOICES, token_type_ids=ids(2, 3, 5, high=3), labels=CHOSEN),),
        "RemBertForTokenClassification": (case("labels", **TEXT, labels=TAGS),),
        "RemBertForQuestionAnswering": (case("default", **TEXT, token_type_ids=TYPES, **SPANS),),
    },
    greedy={
        "RemBertForCausalLM": case(
            "decoder", input_ids=ids(2, 4), attention_mask=mask("1111", "1111"), do_sample=False, max_new_tokens=6
        ),
    },
)
