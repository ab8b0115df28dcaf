"""Where OPT's names on disk differ from the network's. Source: modeling_tf_opt.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules

EMBEDDING = "model.decoder.embed_tokens"

RULES = Rules(
    renames=(Rename("tf4", f"{EMBEDDING}.embeddings", f"{EMBEDDING}.weight"),),
    dotted=("layers",),
)
