"""mBART: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    CROSS,
    ENDED,
    IGNORED,
    LABELS,
    RIGHT,
    SOURCE,
    SPANS,
    TARGET,
    TEXT,
    TINY_PAIR,
    Row,
    bits,
    case,
    configs,
    given,
    ids,
    normal,
)

ROW = Row(
    "mbart",
    configs(TINY_PAIR, labels={"num_labels": 3}, scaled={"scale_embedding": True, "tie_word_embeddings": False}),
    {
        "MBartModel": (
            case("default", **SOURCE, **TARGET, **ALL),
            case("default", **SOURCE),
            case("scaled", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16)),
        ),
        "MBartForConditionalGeneration": (
            case("default", **SOURCE, labels=ids(2, 5, low=2).where("11100", "11111", other=IGNORED)),
            case("scaled", **SOURCE, **TARGET),
        ),
        "MBartForSequenceClassification": (
            case("labels", input_ids=ENDED, attention_mask=RIGHT, labels=given((2, 1))),
            case("labels", input_ids=ENDED, attention_mask=RIGHT, labels=bits(2, 3)),
        ),
        "MBartForQuestionAnswering": (case("default", **TEXT, **SPANS),),
        "MBartForCausalLM": (case("default", **TEXT, labels=LABELS, **ALL), case("scaled", **TEXT, **CROSS)),
    },
    greedy={
        "MBartForConditionalGeneration": case("default", **SOURCE, do_sample=False, max_new_tokens=8, decoder_start_token_id=5),
    },
    unread={
        "decoder_start_token_id": "labels are wrapped around instead; only generating asks for it, which callers do",
    },
)
