"""LLaVA's two spellings on disk: the one that its checkpoints have, and that of the network, of Transformers since 4.52.

Source: modeling_llava.py of Transformers 4.52, whose `save_pretrained` writes the older.
"""

from trivium.convert.rules import Rename, Rules

RULES = Rules(
    renames=(
        Rename("torch", "model.language_model", "language_model.model"),
        Rename("torch", "language_model", "language_model.model"),  # of LlavaModel
        Rename("torch", "model.vision_tower", "vision_tower"),
        Rename("torch", "model.multi_modal_projector", "multi_modal_projector"),
        Rename("torch", "lm_head", "language_model.lm_head"),
    ),
    also=(
        Rename("torch", "language_model.model", "model.language_model"),
        Rename("torch", "language_model.model", "language_model"),
        Rename("torch", "vision_tower", "model.vision_tower"),
        Rename("torch", "multi_modal_projector", "model.multi_modal_projector"),
        Rename("torch", "language_model.lm_head", "lm_head"),
    ),
    derived=(
        "vision_tower.vision_model.embeddings.position_ids",  # 0, 1, 2, ...
        "language_model.model.layers.*.self_attn.rotary_emb.inv_freq",  # the frequencies
    ),
)
