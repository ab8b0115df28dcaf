"""GPT Neo: its tiny configs, and the calls of its classes."""

from table import CHECKED, PAD, TEXT, VOCAB, Row, case, configs, decoder_calls, decoder_text, ids

CALLS = decoder_calls("GPTNeo", 24, body=("windows", "inner"), writing=("windows", "untied"))

ROW = Row(
    "gpt_neo",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 24,
            "num_layers": 2,
            "attention_types": [[["global", "local"], 1]],
            "num_heads": 4,
            "window_size": 3,
            "max_position_embeddings": 32,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        windows={"attention_types": [[["local"], 1], [["global"], 1]]},
        inner={"intermediate_size": 28, "window_size": 4, "activation_function": "relu"},
        untied={"tie_word_embeddings": False, "num_layers": 1, "attention_types": [[["local"], 1]]},
        padded={"pad_token_id": PAD, "num_labels": 3},
    ),
    CALLS | {"GPTNeoModel": (*CALLS["GPTNeoModel"], case("default", **TEXT, token_type_ids=ids(2, 7)))},
    greedy=decoder_text("GPTNeo"),
    unread={"attention_layers": CHECKED, "num_layers": CHECKED},
)
