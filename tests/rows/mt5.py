"""mT5: its tiny configs, and the calls of its classes."""

from table import ALL, ENDED_1, IGNORED, RIGHT, SOURCE, SPANS, TAGS, TARGET, TEXT, TINY_T5, Row, case, configs, given, ids

ROW = Row(
    "mt5",
    configs(TINY_T5 | {"eos_token_id": 36}, labels={"num_labels": 3, "eos_token_id": 1}),
    {
        "MT5Model": (case("default", **SOURCE, **TARGET, **ALL),),
        "MT5ForConditionalGeneration": (case("default", **SOURCE, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),),
        "MT5EncoderModel": (case("default", **SOURCE),),
        "MT5ForSequenceClassification": (case("labels", input_ids=ENDED_1, attention_mask=RIGHT, labels=given((2, 1))),),
        "MT5ForTokenClassification": (case("labels", **TEXT, labels=TAGS),),
        "MT5ForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={"MT5ForConditionalGeneration": case("default", **SOURCE, do_sample=False, max_new_tokens=8)},
)
