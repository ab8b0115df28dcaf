"""Mamba: its tiny configs, and the calls of its classes."""

from table import LABELS, LEFT, LEFT_IDS, TEXT, THREE, VOCAB, Row, case, configs, ids, normal

HIDDEN = {"attention_mask": LEFT["attention_mask"]}

ROW = Row(
    "mamba",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 12,
            "state_size": 5,
            "num_hidden_layers": 2,
            "initializer_range": 0.1,
            "bos_token_id": 36,
            "eos_token_id": 36,
            "pad_token_id": 36,
            "use_cache": False,
        },
        biased={"use_bias": True, "use_conv_bias": False, "time_step_rank": 3, "residual_in_fp32": False, "expand": 3},
        untied={
            "num_hidden_layers": 1,
            "tie_word_embeddings": False,
            "conv_kernel": 3,
            "layer_norm_epsilon": 1e-3,
            "hidden_act": "gelu",
            "intermediate_size": 20,
            "time_step_init_scheme": "constant",
            "rescale_prenorm_residual": True,
        },
    ),
    {
        "MambaModel": (
            case("default", **THREE, output_hidden_states=True),
            case("default", input_ids=ids(2, 7), **HIDDEN),
            case("biased", inputs_embeds=normal(2, 7, 12)),
        ),
        "MambaForCausalLM": (
            case("default", **TEXT, labels=LABELS),
            case("untied", input_ids=ids(2, 7), **HIDDEN, labels=LABELS, output_hidden_states=True),
        ),
    },
    greedy={
        "MambaForCausalLM": case("default", input_ids=LEFT_IDS, **HIDDEN, do_sample=False, use_cache=True, max_new_tokens=8),
    },
    unread={
        "expand": "read where there is no intermediate_size, which every file of Transformers also has",
    },
    rounds=True,
    maps=False,
)
