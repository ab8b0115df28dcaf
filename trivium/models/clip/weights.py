"""Where CLIP's names on disk differ from the network's. Source: modeling_clip.py, modeling_tf_clip.py of Transformers 4.52."""

from trivium.convert.rules import Axes, Rename, Rules

TOKENS = "clip.text_model.embeddings.token_embedding"

RULES = Rules(
    renames=(Rename("tf4", f"{TOKENS}.embeddings", f"{TOKENS}.weight"),),
    derived=("text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"),  # 0, 1, 2, ...
    axes=(Axes("logit_scale", "", "1"),),
)
