"""Where XLNet's names on disk differ from the network's. Source: modeling_tf_xlnet.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

WORDS = "transformer.word_embedding"

RULES = Rules(
    renames=(Rename("tf4", f"{WORDS}.embeddings", f"{WORDS}.weight"),),
    shared=(Shared(WORDS, "lm_loss"),),
)
