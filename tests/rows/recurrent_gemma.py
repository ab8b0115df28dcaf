"""RecurrentGemma: its tiny configs, and the calls of its classes."""

from table import LABELS, LEFT, TEXT, THREE, VOCAB, Row, case, configs, ids, mask, normal

ROW = Row(
    "recurrent_gemma",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 24,
            "intermediate_size": 28,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "lru_width": 20,
            "attention_window_size": 32,
            "bos_token_id": 36,
            "eos_token_id": 36,
            "pad_token_id": 36,
        },
        attending={
            "num_hidden_layers": 2,
            "num_key_value_heads": None,
            "lru_width": None,
            "block_types": ["attention", "recurrent"],
            "attention_bias": True,
            "conv1d_width": 3,
            "rms_norm_eps": 1e-3,
            "rope_theta": 100.0,
            "hidden_activation": "gelu",
            "logits_soft_cap": 2.0,
            "tie_word_embeddings": False,
        },
    ),
    {
        "RecurrentGemmaModel": (
            case("default", **THREE, output_hidden_states=True),
            case("default", input_ids=ids(2, 7), **LEFT),
            case("attending", inputs_embeds=normal(2, 7, 24)),
        ),
        "RecurrentGemmaForCausalLM": (
            case("default", **TEXT, labels=LABELS, output_hidden_states=True),
            case("attending", **TEXT, labels=LABELS, output_hidden_states=True),
        ),
    },
    greedy={
        "RecurrentGemmaForCausalLM": case(
            "default",
            input_ids=ids(2, 7, high=35),
            attention_mask=mask("1111111", "1111111"),
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
    begun={"*norm.weight": "as in Gemma"},
    maps=False,
)
