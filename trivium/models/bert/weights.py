"""Where BERT's names on disk differ from the network's. Source: modeling_tf_bert.py of Transformers 4.52."""

from trivium.convert.rules import Rename, Rules, Shared

RULES = Rules(
    renames=(
        Rename("tf4", "bert.embeddings.word_embeddings.embeddings", "bert.embeddings.word_embeddings.weight"),
        Rename("tf4", "cls.predictions", "mlm___cls.predictions"),
        Rename("tf4", "cls.seq_relationship", "nsp___cls.seq_relationship"),
    ),
    shared=(Shared("bert.embeddings", "mlm___cls"),),
    derived=("embeddings.position_ids",),  # 0, 1, 2, ...
)
