"""Gemma: its tiny configs, and the calls of its classes."""

from table import PAD, VOCAB, Row, configs, decoder_calls, decoder_text

ROW = Row(
    "gemma",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 28,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32,
            "head_dim": 6,
            "bos_token_id": 36,
            "eos_token_id": 36,
            "pad_token_id": 0,
        },
        biased={"attention_bias": True, "num_key_value_heads": 1, "num_hidden_layers": 1, "hidden_act": "gelu"},
        untied={"tie_word_embeddings": False, "head_dim": 4, "num_hidden_layers": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    decoder_calls("Gemma", 16, body=("biased",), writing=("untied",), answers=False),
    greedy=decoder_text("Gemma"),
    begun={"*norm.weight": "a distance from one, which begins at one there, at zero by the authors"},
)
