"""Where RoBERTa-PreLayerNorm's names on disk differ from the network's. Source: its modeling_tf file of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

WORDS = "roberta_prelayernorm.embeddings.word_embeddings"

RULES = Rules(
    renames=(Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),),
    shared=(Shared("roberta_prelayernorm.embeddings", "lm_head"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
