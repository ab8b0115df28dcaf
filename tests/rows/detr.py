"""DETR: its tiny configs, and the calls of its classes."""

from table import ALL, Input, Row, bools, case, configs, given, mask, normal, numbers

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

OBJECTS = {  # of two images, the second with fewer
    "labels.0.class_labels": given((2, 0, 2)),
    "labels.0.boxes": numbers(((0.3, 0.4, 0.2, 0.5), (0.7, 0.6, 0.5, 0.3), (0.5, 0.5, 0.9, 0.8))),
    "labels.1.class_labels": given((1,)),
    "labels.1.boxes": numbers(((0.4, 0.3, 0.3, 0.2),)),
}
PAINTED = {
    "labels.0.masks": bools(*(("0" * 12 + "1" * 14 + "0" * 10,) * 40, ("1" * 9 + "0" * 27,) * 40, ("01" * 18,) * 40)),
    "labels.1.masks": bools(*(("1" * 20 + "0" * 12,) * 15 + ("0" * 32,) * 20,)),
}
NONE = {  # an image without objects, and one with two alike
    "labels.0.class_labels": Input("given", (0,), data=()),
    "labels.0.boxes": Input("given", (0, 4), data=(), dtype="float32"),
    "labels.1.class_labels": given((1, 1)),
    "labels.1.boxes": numbers(((0.4, 0.3, 0.3, 0.2), (0.8, 0.6, 0.3, 0.7))),
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
        learned={
            "position_embedding_type": "learned",
            "auxiliary_loss": True,
            "activation_function": "gelu",
            "class_cost": 2,
            "giou_loss_coefficient": 3,
            "eos_coefficient": 0.4,
        },
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
        "DetrForObjectDetection": (
            case("default", pixel_values=IMAGE, pixel_mask=SHOWN, **OBJECTS),
            case("learned", pixel_values=normal(2, 1, 28, 24), **NONE),
        ),
        "DetrForSegmentation": (
            case(
                "masks",
                pixel_values=normal(2, 1, 40, 36),
                pixel_mask=bools(*(("1" * 36,) * 40, ("1" * 32 + "0" * 4,) * 40)),
                **OBJECTS,
                **PAINTED,
            ),
        ),
    },
    unread={
        "backbone": "read where use_timm_backbone, for which Transformers wants timm: tests/test_detr.py has it",
        "dilation": "as backbone",
        "backbone_kwargs": "as backbone; `check` refuses any but output_stride and those that Transformers fills in",
    },
)
