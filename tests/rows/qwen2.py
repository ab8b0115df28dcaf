"""Qwen2: its tiny configs, and the calls of its classes."""

from table import PAD, VOCAB, Row, configs, decoder_calls, decoder_text

ROW = Row(
    "qwen2",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32,
            "tie_word_embeddings": True,
            "bos_token_id": 36,
            "eos_token_id": 36,
            "pad_token_id": None,
        },
        untied={"tie_word_embeddings": False, "num_hidden_layers": 1},
        window={"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 0},
        yarn={
            "num_hidden_layers": 1,
            "max_position_embeddings": 64,
            "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
        },
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    decoder_calls("Qwen2", 16, body=("window", "yarn"), writing=("untied",)),
    greedy=decoder_text("Qwen2"),
)
