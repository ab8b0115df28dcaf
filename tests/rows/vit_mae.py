"""ViT-MAE: its tiny configs, and the calls of its classes."""

from table import ALL, IMAGE, Row, case, configs, normal

ROW = Row(
    "vit_mae",
    configs(
        {
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 12,
            "patch_size": 4,
            "decoder_num_attention_heads": 2,
            "decoder_hidden_size": 12,
            "decoder_num_hidden_layers": 1,
            "decoder_intermediate_size": 20,
            "mask_ratio": 0.6,
        },
        normed={"norm_pix_loss": True, "qkv_bias": False, "hidden_act": "gelu_new", "layer_norm_eps": 1e-6},
    ),
    {
        "ViTMAEModel": (
            case("default", pixel_values=IMAGE, noise=normal(2, 9), **ALL),
            case("default", pixel_values=normal(2, 3, 20, 16), noise=normal(2, 20), interpolate_pos_encoding=True),
        ),
        "ViTMAEForPreTraining": (
            case("default", pixel_values=IMAGE, noise=normal(2, 9), **ALL),
            case("normed", pixel_values=IMAGE, noise=normal(2, 9)),
            case("normed", pixel_values=normal(2, 3, 20, 16), noise=normal(2, 20), interpolate_pos_encoding=True),
        ),
    },
    begun={
        "decoder.decoder_pos_embed": "zeros there; sines, and drawn, by the authors",
        "decoder.mask_token": "zeros there; sines, and drawn, by the authors",
    },
)
