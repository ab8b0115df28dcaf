"""Where DeBERTa-v2's names on disk differ from the network's. Source: modeling_tf_deberta_v2.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

WORDS = "deberta.embeddings.word_embeddings"
LAYER = "deberta.encoder.layer.*.attention.self"

RULES = Rules(
    renames=(
        Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),
        Rename("tf4", "deberta.encoder.rel_embeddings.embeddings", r"deberta.encoder.rel_embeddings\.weight"),
        Rename("tf4", f"{LAYER}.pos_key_proj", f"{LAYER}.pos_proj"),
        Rename("tf4", f"{LAYER}.pos_query_proj", f"{LAYER}.pos_q_proj"),
    ),
    shared=(Shared("deberta.embeddings", "cls"),),
    derived=(
        "embeddings.position_ids",  # 0, 1, 2, ...
        # what the published checkpoints hold besides, and Transformers leaves out too
        "embeddings.position_embeddings.weight",
        "lm_predictions.*",
        "mask_predictions.*",
    ),
)
