"""LLaMA: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
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

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}

ROW = Row(
    "llama",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        plain={"num_key_value_heads": 4, "num_hidden_layers": 1, "rms_norm_eps": 1e-3},
        wide={"head_dim": 12, "rope_theta": 100.0, "rope_scaling": LLAMA3, "attention_bias": True, "mlp_bias": True},
        tied={"tie_word_embeddings": True, "num_key_value_heads": 1},
        linear={"num_hidden_layers": 1, "rope_scaling": {"type": "linear", "factor": 2.0}},
        dynamic={"num_hidden_layers": 1, "max_position_embeddings": 5, "rope_scaling": {"type": "dynamic", "factor": 2.0}},
        yarn={
            "num_hidden_layers": 1,
            "head_dim": 12,
            "rope_theta": 100.0,
            "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 3.0, "original_max_position_embeddings": 16},
        },
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    {
        "LlamaModel": (
            case("default", **THREE, **ALL),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("plain", inputs_embeds=normal(2, 7, 16)),
            case("wide", **TEXT, output_attentions=True),
            case("linear", **TEXT),
            case("dynamic", **TEXT),
            case("yarn", **TEXT),
        ),
        "LlamaForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("default", input_ids=ids(2, 7), **LEFT, labels=ids(2, 7).where("0001111", "1111111", other=IGNORED)),
            case("tied", **TEXT, labels=LABELS),
        ),
        "LlamaForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **LEFT, labels=bits(2, 3)),
        ),
        "LlamaForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
        "LlamaForQuestionAnswering": (case("default", **TEXT, **SPANS),),
    },
    greedy={
        "LlamaForCausalLM": case(
            "default",
            input_ids=LEFT_IDS,
            attention_mask=LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)
