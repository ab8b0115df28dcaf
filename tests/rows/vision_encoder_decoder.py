"""VisionEncoderDecoder: its tiny configs, and the calls of its class."""

from table import ALL, IGNORED, IMAGE, TARGET, VOCAB, Row, case, configs, ids, normal

VIT = {
    "model_type": "vit",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 12,
    "patch_size": 4,
}
SWIN = {
    "model_type": "swin",
    "image_size": 8,
    "num_channels": 1,
    "patch_size": 2,
    "window_size": 2,
    "embed_dim": 8,
    "depths": [1, 1],
    "num_heads": [2, 4],
}
GPT2 = {"model_type": "gpt2", "vocab_size": VOCAB, "n_embd": 12, "n_layer": 1, "n_head": 3, "n_positions": 19}
ROBERTA = {
    "model_type": "roberta",
    "vocab_size": VOCAB,
    "hidden_size": 16,
    "intermediate_size": 20,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "max_position_embeddings": 23,
    "type_vocab_size": 1,
    "is_decoder": True,
    "add_cross_attention": True,
}
TROCR = {
    "model_type": "trocr",
    "vocab_size": VOCAB,
    "d_model": 12,
    "decoder_layers": 1,
    "decoder_attention_heads": 3,
    "decoder_ffn_dim": 20,
    "max_position_embeddings": 19,
    "cross_attention_hidden_size": 16,
    "is_decoder": True,
    "add_cross_attention": True,
}
LABELS = ids(2, 5).where("11100", "11111", other=IGNORED)

ROW = Row(
    "vision-encoder-decoder",
    configs(
        {
            "encoder": VIT,
            "decoder": GPT2 | {"add_cross_attention": True},
            "decoder_start_token_id": 2,
            "pad_token_id": 0,
        },
        others={"encoder": SWIN, "decoder": ROBERTA},
        trocr={"encoder": VIT | {"model_type": "deit"}, "decoder": TROCR},
    ),
    {
        "VisionEncoderDecoderModel": (
            case("default", pixel_values=IMAGE, **TARGET, **ALL),
            case("default", pixel_values=normal(2, 3, 8, 16), interpolate_pos_encoding=True, labels=LABELS),
            case("others", pixel_values=normal(2, 1, 8, 8), labels=LABELS),
            case("others", pixel_values=normal(2, 1, 8, 8), **TARGET),
            case("trocr", pixel_values=IMAGE, labels=LABELS),
        ),
    },
    greedy={
        "VisionEncoderDecoderModel": case("default", pixel_values=IMAGE, do_sample=False, use_cache=True, max_new_tokens=8)
    },
)
