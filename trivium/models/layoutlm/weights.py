"""Where LayoutLM's names on disk differ from the network's. Source: modeling_tf_layoutlm.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

WORDS = "layoutlm.embeddings.word_embeddings"

RULES = Rules(
    renames=(
        Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),
        Rename("tf4", "cls.predictions", "mlm___cls.predictions"),
    ),
    shared=(Shared("layoutlm.embeddings", "mlm___cls"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
