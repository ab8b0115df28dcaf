"""Where MPNet's names on disk differ from the network's. Source: modeling_tf_mpnet.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

WORDS = "mpnet.embeddings.word_embeddings"

RULES = Rules(
    renames=(Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),),
    shared=(Shared("mpnet.embeddings", "lm_head"),),
    derived=(
        "embeddings.position_ids",  # 0, 1, 2, ...
        "mpnet/pooler/*",  # TensorFlow's files have a pooler whatever the class
    ),
)
