"""XLNet: its tiny configs, and the calls of its classes."""

from dataclasses import replace

from table import (
    CHECKED,
    CHOICES,
    CHOSEN,
    IGNORED,
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
    mask,
    normal,
)

HIDES = mask("0000011", "0000000")  # input_mask: the other way round than attention_mask
PERMUTED = {
    "perm_mask": mask(("0010010",) * 6 + ("1111111",), ("0100001",) * 7),
    "target_mapping": replace(
        mask(("0010000", "0000010", "0000001"), ("0100000", "0000001", "0000100")),
        dtype="float32",
    ),
}
ONE = {
    "perm_mask": mask(("0010010",) * 7),
    "target_mapping": replace(mask(("0010000", "0000010")), dtype="float32"),
    "token_type_ids": ids(1, 7, high=2),
}
STATES = {"output_hidden_states": True}

ROW = Row(
    "xlnet",
    configs(
        {"vocab_size": VOCAB, "d_model": 16, "d_inner": 24, "n_layer": 2, "n_head": 2, "start_n_top": 2, "end_n_top": 3},
        uni={"attn_type": "uni", "mem_len": 4, "ff_activation": "relu"},
        same={"attn_type": "uni", "same_length": True, "reuse_len": 3, "mem_len": 5, "clamp_len": 2},
        forgets={"use_mems_eval": False, "num_labels": 3, "summary_activation": None},
        untied={"tie_word_embeddings": False, "use_mems_eval": False},
    ),
    {
        "XLNetModel": (
            case("default", **TEXT, token_type_ids=TYPES, mems=normal(2, 3, 2, 16), output_attentions=True),
            case("default", input_ids=ids(2, 7), input_mask=HIDES, **PERMUTED, **STATES, use_mems=False),
            case("uni", inputs_embeds=normal(2, 7, 16)),  # with a mask Transformers takes one text alone
            case("same", input_ids=ids(1, 7), attention_mask=mask("0011111"), mems=normal(2, 3, 1, 16), **ONE),
        ),
        "XLNetLMHeadModel": (
            case("default", **TEXT, **PERMUTED, labels=ids(2, 3).where("101", "111", other=IGNORED)),
            case("untied", **TEXT),
        ),
        "XLNetForSequenceClassification": (
            case("default", **TEXT, labels=given((1, 0)), **STATES),
            case("forgets", **TEXT, labels=bits(2, 3)),
        ),
        "XLNetForMultipleChoice": (case("forgets", **CHOICES, token_type_ids=ids(2, 3, 5, high=2), labels=CHOSEN),),
        "XLNetForTokenClassification": (case("forgets", **TEXT, labels=TAGS),),
        "XLNetForQuestionAnsweringSimple": (case("default", **TEXT, token_type_ids=TYPES, **SPANS),),
        "XLNetForQuestionAnswering": (
            case("default", **TEXT, cls_index=given((3, 5)), p_mask=bits(2, 7).where("0111111", "1110111", other=0)),
            case(
                "default",
                **TEXT,
                start_positions=given((1, 4)),
                end_positions=given((3, 6)),
                is_impossible=bits(2),
                cls_index=given((3, 5)),
                use_mems=False,
            ),
            case("default", **TEXT, start_positions=given((1, 4)), end_positions=given((3, 6)), use_mems=False),
        ),
    },
    unread={
        "d_head": CHECKED,
    },
)
