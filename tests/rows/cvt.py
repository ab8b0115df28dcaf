"""CvT: its tiny configs, and the calls of its classes."""

from table import Row, bits, case, configs, given, normal

IMAGE = normal(2, 3, 24, 16)
STILL = [0.0, 0.0, 0.0]

ROW = Row(
    "cvt",
    configs(
        {
            "patch_sizes": [5, 3, 3],
            "patch_stride": [3, 2, 1],
            "patch_padding": [2, 1, 1],
            "embed_dim": [4, 6, 8],
            "num_heads": [1, 3, 2],
            "depth": [1, 2, 3],
            "mlp_ratio": [2.0, 1.5, 1.0],
            "attention_drop_rate": STILL,
            "drop_rate": STILL,
            "drop_path_rate": STILL,
            "qkv_bias": [True, False, True],
            "cls_token": [False, False, True],
            "qkv_projection_method": ["dw_bn", "dw_bn", "dw_bn"],
            "kernel_qkv": [3, 3, 1],
            "padding_kv": [1, 1, 0],
            "stride_kv": [2, 1, 1],
            "padding_q": [1, 1, 0],
            "stride_q": [1, 1, 1],
            "image_size": 24,  # no field: what TensorFlow's class is built for
        },
        places={
            "patch_sizes": [5, 3],
            "patch_stride": [3, 2],
            "patch_padding": [2, 1],
            "embed_dim": [4, 6],
            "num_heads": [1, 3],
            "depth": [1, 2],
            "mlp_ratio": [2.0, 1.5],
            "attention_drop_rate": STILL[:2],
            "drop_rate": STILL[:2],
            "drop_path_rate": [0.0, 0.1],
            "qkv_bias": [True, True],
            "cls_token": [False, False],
            "qkv_projection_method": ["dw_bn", "dw_bn"],
            "kernel_qkv": [3, 3],
            "padding_kv": [1, 1],
            "stride_kv": [1, 2],
            "padding_q": [1, 1],
            "stride_q": [1, 1],
            "num_labels": 3,
            "num_channels": 1,
        },
    ),
    {
        "CvtModel": (
            case("default", pixel_values=IMAGE, output_hidden_states=True),
            case("places", pixel_values=normal(2, 1, 17, 14)),
        ),
        "CvtForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0)), output_hidden_states=True),
            case("places", pixel_values=normal(2, 1, 17, 14), labels=bits(2, 3), output_hidden_states=True),
        ),
    },
    maps=False,
    unread={"qkv_projection_method": "one method alone is allowed, that of every published checkpoint"},
)
