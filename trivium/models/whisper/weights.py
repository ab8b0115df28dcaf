"""Where Whisper's names on disk differ from the network's. Source: modeling_tf_whisper.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules

RULES = Rules(
    renames=tuple(
        Rename("tf4", f"model.{part}.embed_positions.embeddings", f"model.{part}.embed_positions.weight")
        for part in ("encoder", "decoder")
    ),
    dotted=("layers",),
)
