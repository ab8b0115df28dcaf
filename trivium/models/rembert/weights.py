"""Where RemBERT's names on disk differ from the network's. Source: modeling_tf_rembert.py of Transformers 4.52."""

from trivium.convert.rules import Axes, Rename, Rules

RULES = Rules(
    renames=(
        Rename("tf4", "rembert.embeddings.word_embeddings.embeddings", "rembert.embeddings.word_embeddings.weight"),
        Rename("tf4", "cls.predictions.decoder.kernel", "mlm___cls.predictions.decoder.weight"),
        Rename("tf4", "cls.predictions", "mlm___cls.predictions"),
    ),
    axes=(Axes("cls.predictions.decoder.weight", "oi", "oi"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
