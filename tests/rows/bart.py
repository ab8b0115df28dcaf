"""BART: its tiny configs, and the calls of its classes."""

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
    mask,
    normal,
)

ROW = Row(
    "bart",
    configs(
        TINY_PAIR,
        scaled={"scale_embedding": True, "activation_function": "relu", "tie_word_embeddings": False},
    ),
    {
        "BartModel": (
            case("default", **SOURCE, **TARGET, **ALL),
            case("default", **SOURCE),
            case("scaled", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16), output_attentions=True),
        ),
        "BartForConditionalGeneration": (
            case("default", **SOURCE, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),
            case("scaled", **SOURCE, **TARGET),
        ),
        "BartForSequenceClassification": (
            case("default", input_ids=ENDED, attention_mask=RIGHT, labels=given((2, 1))),
            case("default", input_ids=ENDED, attention_mask=RIGHT, labels=bits(2, 3)),
        ),
        "BartForQuestionAnswering": (case("default", **TEXT, **SPANS),),
        "BartForCausalLM": (
            case("default", **TEXT, labels=LABELS, **ALL),
            case("scaled", **TEXT, **CROSS, output_attentions=True),
        ),
    },
    greedy={
        "BartForConditionalGeneration": case("default", **SOURCE, do_sample=False, use_cache=True, max_new_tokens=8),
        "BartForCausalLM": case(
            "default", input_ids=ids(2, 4), attention_mask=mask("1111", "1111"), do_sample=False, max_new_tokens=6
        ),
    },
)
