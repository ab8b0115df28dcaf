"""RoBERTa and its relatives: their tiny configs, and the calls of their classes."""

from table import (
    ALL,
    CHOICES,
    CHOSEN,
    CROSS,
    LABELS,
    LEFT_IDS,
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

LEFT_PADDED = LEFT_IDS.where("0011111", "1111111", other=1)

CONFIGS = configs(
    {
        "vocab_size": VOCAB,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "type_vocab_size": 3,
        "max_position_embeddings": 19,
        "layer_norm_eps": 1e-5,
    },
    relu={"hidden_act": "relu", "num_labels": 3, "type_vocab_size": 1},
    cross={"is_decoder": True, "add_cross_attention": True},
    decoder={"is_decoder": True},
    untied={"tie_word_embeddings": False},
)
CLASSES = {
    "Model": (
        case("default", input_ids=LEFT_PADDED, attention_mask=mask("0011111", "1111111"), token_type_ids=TYPES, **ALL),
        case("default", inputs_embeds=normal(2, 7, 16), attention_mask=RIGHT),
        case("default", **THREE, position_ids=ids(3, 5, high=19)),
        case("cross", **TEXT, **CROSS, output_attentions=True),
    ),
    "ForMaskedLM": (
        case("default", **TEXT, token_type_ids=TYPES, labels=LABELS, **ALL),
        case("relu", **TEXT, labels=LABELS),
        case("untied", **TEXT, labels=LABELS),
    ),
    "ForCausalLM": (
        case("decoder", **TEXT, labels=LABELS, output_hidden_states=True),
        case("cross", **TEXT, **CROSS, labels=LABELS, **ALL),
    ),
    "ForSequenceClassification": (
        case("default", **TEXT, labels=given((1, 0))),
        case("relu", **TEXT, labels=given((2, 1)), **ALL),
    ),
    "ForMultipleChoice": (case("default", **CHOICES, token_type_ids=ids(2, 3, 5, high=3), labels=CHOSEN),),
    "ForTokenClassification": (case("relu", **TEXT, labels=TAGS),),
    "ForQuestionAnswering": (case("default", **TEXT, token_type_ids=TYPES, **SPANS),),
}
GREEDY = case(
    "decoder",
    input_ids=LEFT_PADDED,
    attention_mask=mask("0011111", "1111111"),
    do_sample=False,
    use_cache=True,
    max_new_tokens=8,
)

ROW = Row(
    "roberta",
    CONFIGS,
    {f"Roberta{name}": cases for name, cases in CLASSES.items()},
    greedy={"RobertaForCausalLM": GREEDY},
)


def relative(model_type: str, prefix: str) -> Row:
    """The row of an architecture that is RoBERTa by another name: the first call of each class."""
    return Row(model_type, CONFIGS, {f"{prefix}{name}": cases[:1] for name, cases in CLASSES.items()})
