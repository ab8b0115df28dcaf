"""Falcon: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    LABELS,
    LEFT,
    LEFT_IDS,
    PAD,
    RIGHT,
    RIGHT_IDS,
    SPANS,
    TAGS,
    TEXT,
    VOCAB,
    Row,
    bits,
    case,
    configs,
    given,
    ids,
    normal,
)

# As Falcon RW. Not "eager", which adds the bias twice: FlashAttention and SDPA, with which it is used, add it once.
RW = {
    "alibi": True,
    "multi_query": False,
    "parallel_attn": False,
    "bias": True,
    "num_attention_heads": 2,
    "attn_implementation": "sdpa",
}

ROW = Row(
    "falcon",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "ffn_hidden_size": 28,
            "max_position_embeddings": 32,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        new={"new_decoder_architecture": True, "num_kv_heads": 2, "num_hidden_layers": 1},  # as 40B
        shared={
            "new_decoder_architecture": True,
            "num_kv_heads": 2,
            "num_ln_in_parallel_attn": 1,
            "num_hidden_layers": 1,
        },  # as 11B
        alibi={**RW, "num_hidden_layers": 1},
        untied={"tie_word_embeddings": False, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "FalconModel": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("new", **TEXT, **ALL),
            case("shared", **TEXT),
            case("alibi", **TEXT),
        ),
        "FalconForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("untied", **TEXT),
        ),
        "FalconForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, attention_mask=LEFT["attention_mask"], blind=LEFT["blind"], labels=bits(2, 3)),
        ),
        "FalconForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "FalconForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "FalconForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
