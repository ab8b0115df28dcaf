"""SpeechEncoderDecoder: its tiny configs, and the calls of its class."""

from table import ALL, IGNORED, TARGET, TINY_PAIR, VOCAB, Row, case, configs, ids, mask, normal

SPEECH = {
    "model_type": "wav2vec2",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "conv_dim": (8, 8),
    "conv_stride": (3, 2),
    "conv_kernel": (5, 3),
    "num_conv_pos_embeddings": 6,
    "num_conv_pos_embedding_groups": 2,
}
STABLE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "num_conv_pos_embeddings": 3}
ADAPTED = {"add_adapter": True, "num_adapter_layers": 1, "output_hidden_size": 16, "mask_time_prob": 0.0}
GPT2 = {"model_type": "gpt2", "vocab_size": VOCAB, "n_embd": 12, "n_layer": 1, "n_head": 3}
DECODER = {"is_decoder": True, "add_cross_attention": True}
STARTS = {"decoder_start_token_id": 2, "pad_token_id": 0}
WAVE = normal(2, 60)
HEARD = {"attention_mask": mask("1" * 45 + "0" * 15, "1" * 60)}
LABELS = ids(2, 5).where("11100", "11111", other=IGNORED)

ROW = Row(
    "speech-encoder-decoder",
    configs(
        {"encoder": SPEECH | STABLE, "decoder": GPT2 | DECODER, **STARTS},
        translating={"encoder": SPEECH | STABLE | ADAPTED, "decoder": TINY_PAIR | DECODER | {"model_type": "mbart"}},
        hubert={"encoder": SPEECH | {"model_type": "hubert"}, "decoder": TINY_PAIR | DECODER | {"model_type": "bart"}},
    ),
    {
        "SpeechEncoderDecoderModel": (
            case("default", input_values=WAVE, **HEARD, **TARGET, **ALL),
            case("default", input_values=WAVE, labels=LABELS),
            case("translating", input_values=WAVE, **HEARD, labels=LABELS),
            case("hubert", input_values=WAVE, **TARGET),
        ),
    },
    greedy={
        "SpeechEncoderDecoderModel": case(
            "translating", input_values=WAVE, **HEARD, do_sample=False, use_cache=True, max_new_tokens=8
        )
    },
    begun={"*.parametrizations.weight.original?": "as in wav2vec 2.0"},
)
