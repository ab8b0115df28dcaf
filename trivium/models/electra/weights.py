"""Where ELECTRA's names on disk differ from the network's. Source: modeling_tf_electra.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

WORDS = "electra.embeddings.word_embeddings"

RULES = Rules(
    renames=(Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),),
    shared=(Shared("electra.embeddings", "generator_lm_head"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
