"""Where DistilBERT's names on disk differ from the network's. Source: modeling_tf_distilbert.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

WORDS = "distilbert.embeddings.word_embeddings"

RULES = Rules(
    renames=(Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),),
    shared=(Shared("distilbert.embeddings", "vocab_projector"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
