"""Where BART's names on disk differ from the network's. Source: modeling_tf_bart.py of Transformers 4.52."""

from trivium.convert.rules import Bare, Rules

RULES = Rules(
    bare=(
        Bare("model.shared.weight", "model", "model.shared/model.shared/embeddings:0"),
        Bare("final_logits_bias", "final_logits_bias", "final_logits_bias:0"),
    ),
    derived=("encoder.version", "decoder.version"),  # of fairseq
    dotted=("layers",),
)
