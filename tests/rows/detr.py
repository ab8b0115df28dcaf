"""DETR: its tiny configs, and the calls of its classes."""

from table import ALL, Row, case, configs, mask, normal

STAGES = {"out_features": ["stage1", "stage2", "stage3", "stage4"], "depths": [1, 1, 1, 1], "hidden_sizes": [4, 8, 8, 12]}
IMAGE = normal(2, 1, 20, 32)
SHOWN = mask(("1" * 32,) * 20, ("1" * 24 + "0" * 8,) * 12 + ("0" * 32,) * 8)
RESNET = {
    "model_type": "resnet",
    "num_channels": 1,
    "embedding_size": 4,
    "layer_type": "basic",
    "hidden_sizes": [4, 8],
    "depths": [1, 1],
}

ROW = Row(
    "detr",
    configs(
        {
            "use_timm_backbone": False,
            "use_pretrained_backbone": False,
            "backbone": None,
            "backbone_config": RESNET | {"out_features": ["stage2"]},
            "num_channels": 1,
            "num_queries": 5,
            "d_model": 16,
            "encoder_layers": 1,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 20,
            "decoder_layers": 2,
            "decoder_attention_heads": 2,
            "decoder_ffn_dim": 24,
            "num_labels": 3,
        },
        learned={"position_embedding_type": "learned", "auxiliary_loss": True, "activation_function": "gelu"},
        masks={
            "backbone_config": RESNET | STAGES,
            "d_model": 64,
            "encoder_attention_heads": 8,
            "num_queries": 3,
            "decoder_layers": 1,
        },
    ),
    {
        "DetrModel": (
            case("default", pixel_values=IMAGE, pixel_mask=SHOWN, **ALL),
            case("learned", pixel_values=normal(2, 1, 28, 24)),
        ),
        "DetrForObjectDetection": (case("default", pixel_values=IMAGE, pixel_mask=SHOWN),),
        "DetrForSegmentation": (
            case("masks", pixel_values=normal(2, 1, 40, 36), pixel_mask=mask(("1" * 36,) * 40, ("1" * 32 + "0" * 4,) * 40)),
        ),
    },
)
