"""T5: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    ENDED_1,
    IGNORED,
    RIGHT,
    SOURCE,
    SPANS,
    TAGS,
    TARGET,
    TEXT,
    TINY_T5,
    Row,
    bits,
    case,
    configs,
    given,
    ids,
    normal,
)

LONG = {"input_ids": ids(2, 14), "decoder_input_ids": ids(2, 12)}  # beyond the last bucket

ROW = Row(
    "t5",
    configs(
        TINY_T5,
        gated={"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "num_decoder_layers": 1},
        labels={"num_labels": 3},
    ),
    {
        "T5Model": (
            case("default", **SOURCE, **TARGET, **ALL),
            case("default", **LONG),
            case("gated", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16)),
        ),
        "T5ForConditionalGeneration": (
            case("default", **SOURCE, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),
            case("gated", **SOURCE, **TARGET),
        ),
        "T5EncoderModel": (case("default", **SOURCE, **ALL),),
        "T5ForSequenceClassification": (
            case("labels", input_ids=ENDED_1, attention_mask=RIGHT, labels=given((2, 1))),
            case("labels", input_ids=ENDED_1, attention_mask=RIGHT, labels=bits(2, 3)),
        ),
        "T5ForTokenClassification": (case("labels", **TEXT, labels=TAGS),),
        "T5ForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={"T5ForConditionalGeneration": case("default", **SOURCE, do_sample=False, max_new_tokens=8)},
)
