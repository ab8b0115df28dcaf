"""DINOv2: its tiny configs, and the calls of its classes."""

from table import ALL, IMAGE, Row, bits, bools, case, configs, given, normal

ROW = Row(
    "dinov2",
    configs(
        {
            "hidden_size": 12,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 12,
            "patch_size": 4,
            "mlp_ratio": 2,
            "layerscale_value": 0.5,
        },
        swiglu={"use_swiglu_ffn": True, "qkv_bias": False, "use_mask_token": False, "num_labels": 3, "drop_path_rate": 0.1},
        features={"out_features": ["stem", "stage2"]},
        tokens={"out_indices": [1], "apply_layernorm": False, "reshape_hidden_states": False},
    ),
    {
        "Dinov2Model": (
            case("default", pixel_values=IMAGE, bool_masked_pos=bools("010110010", "100000111"), **ALL),
            case("default", pixel_values=normal(2, 3, 20, 16)),
        ),
        "Dinov2ForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0))),
            case("swiglu", pixel_values=IMAGE, labels=bits(2, 3)),
        ),
        "Dinov2Backbone": (
            case("features", pixel_values=IMAGE, output_hidden_states=True),
            case("tokens", pixel_values=normal(2, 3, 20, 16)),
        ),
    },
)
