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

TARGET = {"decoder_input_ids": ids(2, 5), "decoder_attention_mask": mask("11111", "11110")}

ROW = Row(
    "bart",
    configs(
        {
            "vocab_size": VOCAB,
            "d_model": 16,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 24,
            "decoder_layers": 1,
            "decoder_attention_heads": 4,
            "decoder_ffn_dim": 20,
            "max_position_embeddings": 19,
            "forced_eos_token_id": None,
        },
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
