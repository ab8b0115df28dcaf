"""wav2vec 2.0: its tiny configs, and the calls of its classes."""

from table import ALL, Row, bools, case, configs, given, ids, mask, normal

WAVE = normal(2, 60)
HEARD = {"attention_mask": mask("1" * 45 + "0" * 15, "1" * 60)}
HIDDEN = {"mask_time_indices": bools("011000001", "000011110")}
CODES = {"labels": given(((3, 3, 7, -100), (5, 9, 2, 4)))}

TINY = {
    "vocab_size": 11,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "conv_dim": (8, 8),
    "conv_stride": (3, 2),
    "conv_kernel": (5, 3),
    "num_conv_pos_embeddings": 6,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 10,
    "num_labels": 3,
}
ROW = Row(
    "wav2vec2",
    configs(
        TINY,
        stable={
            "feat_extract_norm": "layer",
            "do_stable_layer_norm": True,
            "conv_bias": True,
            "num_conv_pos_embeddings": 3,
            "hidden_act": "relu",
            "ctc_loss_reduction": "mean",
            "adapter_attn_dim": 5,
            "num_hidden_layers": 1,
        },
        plain={"feat_extract_norm": "layer", "do_stable_layer_norm": True, "num_hidden_layers": 1},
        adapter={
            "add_adapter": True,
            "num_adapter_layers": 2,
            "output_hidden_size": 12,
            "conv_dim": (6, 8),
            "mask_time_prob": 0.0,
            "ctc_zero_infinity": True,
            "num_hidden_layers": 1,
        },
        codes={
            "num_hidden_layers": 1,
            "feat_extract_norm": "layer",
            "do_stable_layer_norm": True,
            "num_codevectors_per_group": 5,
            "num_codevector_groups": 2,
            "codevector_dim": 6,
            "proj_codevector_dim": 7,
        },
        speakers={
            "use_weighted_layer_sum": True,
            "tdnn_dim": (8, 8, 9),
            "tdnn_kernel": (3, 2, 1),
            "tdnn_dilation": (1, 2, 1),
            "xvector_output_dim": 7,
        },
    ),
    {
        "Wav2Vec2Model": (
            case("default", input_values=WAVE, **HEARD, **ALL),
            case("default", input_values=WAVE, **HIDDEN),
            case("stable", input_values=WAVE, **HEARD, **ALL),
            case("adapter", input_values=WAVE),
        ),
        "Wav2Vec2ForCTC": (
            case("default", input_values=WAVE, **HEARD, **CODES, output_attentions=True),
            case("stable", input_values=WAVE, **CODES),
            case("plain", input_values=normal(2, 40)),
            case("adapter", input_values=WAVE, labels=given(((3, -100, -100, -100), (5, 9, 2, 4)))),
        ),
        "Wav2Vec2ForPreTraining": (
            case("codes", input_values=WAVE, **HIDDEN, sampled_negative_indices=ids(2, 9, 4, high=18)),
            case("codes", input_values=WAVE, **HEARD, output_attentions=True),
        ),
        "Wav2Vec2ForSequenceClassification": (
            case("default", input_values=WAVE, **HEARD, labels=given((2, 1))),
            case("speakers", input_values=WAVE, labels=given((2, 1)), output_attentions=True),
        ),
        "Wav2Vec2ForAudioFrameClassification": (
            case("default", input_values=WAVE, **HEARD, labels=ids(2, 9, 3, high=2)),
            case("speakers", input_values=WAVE, **HEARD),
        ),
        "Wav2Vec2ForXVector": (
            case("speakers", input_values=WAVE, **HEARD, labels=given((2, 1))),
            case("speakers", input_values=WAVE),
        ),
    },
    begun={"*.parametrizations.weight.original?": "there the scheme of fairseq, which we have, has no effect"},
)
