"""EncoderDecoder: its tiny configs, and the calls of its class."""

from table import ALL, IGNORED, SOURCE, TARGET, VOCAB, Row, case, configs, ids, normal

BERT = {
    "model_type": "bert",
    "vocab_size": VOCAB,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 19,
}
DECODER = {"is_decoder": True, "add_cross_attention": True}
GPT2 = {"model_type": "gpt2", "vocab_size": VOCAB, "n_embd": 12, "n_layer": 1, "n_head": 3, "n_positions": 19}
ROBERTA = BERT | {"model_type": "roberta", "pad_token_id": 1, "max_position_embeddings": 23, "type_vocab_size": 1}
LABELS = ids(2, 5).where("11100", "11111", other=IGNORED)

ROW = Row(
    "encoder-decoder",
    configs(
        {
            "encoder": BERT,
            "decoder": BERT | DECODER | {"num_attention_heads": 4},
            "decoder_start_token_id": 2,
            "pad_token_id": 0,
        },
        shared={"encoder": BERT, "decoder": BERT | DECODER, "tie_encoder_decoder": True},
        others={"encoder": ROBERTA, "decoder": GPT2 | {"add_cross_attention": True}},
    ),
    {
        "EncoderDecoderModel": (
            case(
                "default", **SOURCE, **TARGET, token_type_ids=ids(2, 6, high=2), decoder_token_type_ids=ids(2, 5, high=2), **ALL
            ),
            case("default", inputs_embeds=normal(2, 6, 16), decoder_inputs_embeds=normal(2, 5, 16), labels=LABELS),
            case("shared", **SOURCE, labels=LABELS),
            case("others", **SOURCE, labels=LABELS, output_attentions=True),
            case("others", **SOURCE, **TARGET, decoder_position_ids=ids(2, 5, high=19)),
        ),
    },
    greedy={"EncoderDecoderModel": case("default", **SOURCE, do_sample=False, use_cache=True, max_new_tokens=8)},
)
