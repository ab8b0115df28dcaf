"""Where ALBERT's names on disk differ from the network's. Source: modeling_tf_albert.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared, Twice

WORDS = "albert.embeddings.word_embeddings"

RULES = Rules(
    renames=(Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),),
    shared=(Shared("albert.embeddings", "predictions"),),
    twice=(Twice("tf4", "predictions.decoder.bias"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
