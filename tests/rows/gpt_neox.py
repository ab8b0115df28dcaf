"""GPT-NeoX: its tiny configs, and the calls of its classes."""

from table import PAD, VOCAB, Row, configs, decoder_calls, decoder_text

ROW = Row(
    "gpt_neox",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": 32,
            "rotary_pct": 0.5,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        sequential={"use_parallel_residual": False, "rotary_pct": 1.0, "rotary_emb_base": 500, "num_hidden_layers": 1},
        tied={"tie_word_embeddings": True, "attention_bias": False, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    decoder_calls("GPTNeoX", 16, body=("sequential",), writing=("tied",)),
    greedy=decoder_text("GPTNeoX"),
)
