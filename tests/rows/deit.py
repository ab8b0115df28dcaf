"""DeiT: its tiny configs, and the calls of its classes."""

from table import ALL, IMAGE, Row, bits, bools, case, configs, given, normal

ROW = Row(
    "deit",
    configs(
        {
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 12,
            "patch_size": 4,
            "encoder_stride": 4,
        },
        no_bias={"qkv_bias": False, "num_labels": 3},
        pooler={"pooler_output_size": 10, "pooler_act": "relu", "hidden_act": "gelu_new", "layer_norm_eps": 1e-6},
    ),
    {
        "DeiTModel": (
            case("default", pixel_values=IMAGE, **ALL),
            case("default", pixel_values=normal(2, 3, 20, 16), interpolate_pos_encoding=True),
            case("pooler", pixel_values=IMAGE),
        ),
        "DeiTForImageClassification": (
            case("default", pixel_values=IMAGE, labels=given((1, 0))),
            case("no_bias", pixel_values=IMAGE, labels=bits(2, 3), **ALL),
        ),
        "DeiTForImageClassificationWithTeacher": (case("no_bias", pixel_values=IMAGE, **ALL),),
        "DeiTForMaskedImageModeling": (
            case("default", pixel_values=IMAGE, bool_masked_pos=bools("010110010", "100000111"), **ALL),
            case("no_bias", pixel_values=IMAGE),
        ),
    },
    begun={
        "*.cls_token": "zeros there; the authors draw them, as in ViT",
        "*.distillation_token": "zeros there; the authors draw them, as in ViT",
        "*.position_embeddings": "zeros there; the authors draw them, as in ViT",
    },
)
