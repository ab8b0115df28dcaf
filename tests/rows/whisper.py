"""Whisper: its tiny configs, and the calls of its classes."""

from table import ALL, IGNORED, LABELS, TARGET, TEXT, VOCAB, Row, case, configs, given, ids, normal

SOUND = {"input_features": normal(2, 5, 14)}

ROW = Row(
    "whisper",
    configs(
        {
            "vocab_size": VOCAB,
            "num_mel_bins": 5,
            "max_source_positions": 7,
            "max_target_positions": 19,
            "d_model": 16,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 24,
            "decoder_layers": 1,
            "decoder_attention_heads": 4,
            "decoder_ffn_dim": 20,
            "decoder_start_token_id": 3,
            "pad_token_id": 35,
            "bos_token_id": 35,
            "eos_token_id": 36,
            "begin_suppress_tokens": None,
            "classifier_proj_size": 9,
        },
        weighted={"use_weighted_layer_sum": True, "num_labels": 3},
        untied={"tie_word_embeddings": False},
    ),
    {
        "WhisperModel": (
            case("default", **SOUND, **TARGET, **ALL),
            case("default", **SOUND, decoder_inputs_embeds=normal(2, 5, 16), decoder_position_ids=ids(2, 5, high=19)),
        ),
        "WhisperForConditionalGeneration": (
            case("default", **SOUND, labels=ids(2, 5).where("11100", "11111", other=IGNORED)),
            case("untied", **SOUND, **TARGET),
        ),
        "WhisperForCausalLM": (
            case("default", **TEXT, labels=LABELS, **ALL),
            case("default", **TEXT, encoder_outputs=normal(2, 6, 16)),
        ),
        "WhisperForAudioClassification": (
            case("default", **SOUND, labels=given((1, 0))),
            case("weighted", **SOUND, labels=given((2, 1)), output_attentions=True),
        ),
    },
    greedy={"WhisperForConditionalGeneration": case("default", **SOUND, do_sample=False, max_new_tokens=8)},
)
