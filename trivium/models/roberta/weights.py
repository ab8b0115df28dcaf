"""Where RoBERTa's names on disk differ from the network's. Source: modeling_tf_roberta.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

RULES = Rules(
    renames=(Rename("tf4", "roberta.embeddings.word_embeddings.embeddings", "roberta.embeddings.word_embeddings.weight"),),
    shared=(Shared("roberta.embeddings", "lm_head"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
