"""Phi: its tiny configs, and the calls of its classes."""

from table import PAD, VOCAB, Row, configs, decoder_calls, decoder_text

ROW = Row(
    "phi",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 24,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "partial_rotary_factor": 0.7,
            "max_position_embeddings": 32,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        normalised={"qk_layernorm": True, "num_hidden_layers": 1},
        tied={"tie_word_embeddings": True, "num_key_value_heads": None, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    decoder_calls("Phi", 24, body=("normalised",), writing=("tied",), answers=False),
    greedy=decoder_text("Phi"),
)
