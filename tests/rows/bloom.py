"""BLOOM: its tiny configs, and the calls of its classes."""

from table import LEFT, PAD, VOCAB, Row, configs, decoder_calls, decoder_text

BLIND = {name: value for name, value in LEFT.items() if name != "position_ids"}

ROW = Row(
    "bloom",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 24,
            "n_layer": 2,
            "n_head": 4,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        post={"apply_residual_connection_post_layernorm": True, "n_head": 3},
        untied={"tie_word_embeddings": False, "n_layer": 1},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    decoder_calls("Bloom", 24, body=("post",), writing=("untied",), left=BLIND),
    greedy=decoder_text("Bloom"),
)
