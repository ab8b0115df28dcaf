"""Mistral: its tiny configs, and the calls of its classes."""

from table import PAD, VOCAB, Row, configs, decoder_calls, decoder_text

ROW = Row(
    "mistral",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32,
            "sliding_window": 3,
            "bos_token_id": 36,
            "eos_token_id": 36,
            "pad_token_id": None,
        },
        full={"sliding_window": None, "num_hidden_layers": 1},
        wide={"head_dim": 6, "num_hidden_layers": 1, "tie_word_embeddings": True},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    decoder_calls("Mistral", 16, body=("full", "wide"), writing=("wide",)),
    greedy=decoder_text("Mistral"),
)
