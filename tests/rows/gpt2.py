"""GPT-2: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    CHOICE_LABELS,
    CHOICES,
    CHOSEN,
    CROSS,
    IGNORED,
    LABELS,
    LEFT,
    LEFT_IDS,
    PAD,
    RIGHT,
    RIGHT_IDS,
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
    ids,
    normal,
)

MARKED = {"mc_token_ids": given(((2, 4, 1), (3, 0, 4)))}

ROW = Row(
    "gpt2",
    configs(
        {
            "vocab_size": VOCAB,
            "n_embd": 16,
            "n_layer": 2,
            "n_head": 2,
            "n_positions": 19,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        scaled={"scale_attn_by_inverse_layer_idx": True, "reorder_and_upcast_attn": True},  # stanford-crfm's GPT-2s set both
        inner={"n_inner": 24, "activation_function": "relu", "layer_norm_epsilon": 1e-3},
        cross={"add_cross_attention": True},
        untied={"tie_word_embeddings": False},
        padded={"pad_token_id": PAD, "num_labels": 3},
        regression={"pad_token_id": PAD, "num_labels": 1},
        tanh={"summary_activation": "tanh"},
    ),
    {
        "GPT2Model": (
            case("default", **THREE, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT, token_type_ids=ids(2, 7)),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("scaled", **TEXT, output_attentions=True),
            case("inner", **TEXT),
            case("cross", **TEXT, **CROSS, output_attentions=True),
        ),
        "GPT2LMHeadModel": (
            case("default", **TEXT, labels=LABELS, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT, labels=ids(2, 7).where("0001111", "1111111", other=IGNORED)),
            case("scaled", **TEXT),
            case("cross", **TEXT, **CROSS, labels=LABELS),
            case("untied", **TEXT, labels=LABELS),
        ),
        "GPT2DoubleHeadsModel": (
            case("default", **CHOICES, **MARKED, mc_labels=CHOSEN, labels=CHOICE_LABELS),
            case("default", **CHOICES),
            case("tanh", **CHOICES, mc_labels=CHOSEN),
        ),
        "GPT2ForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1)), **ALL),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
            case("regression", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=normal(2)),
            case("default", input_ids=ids(1, 6), labels=given((1,))),
        ),
        "GPT2ForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "GPT2ForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "GPT2LMHeadModel": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
