"""Where BART and its relatives have other names on disk. Source: modeling_tf_bart.py of Transformers 4.52."""

from trivium.convert.rules import Bare, Omitted, Rules

BARE = (
    Bare("model.shared.weight", ("model",), "model.shared/model.shared/embeddings:0"),
    Bare("final_logits_bias", ("final_logits_bias",), "final_logits_bias:0"),
)
DERIVED = ("encoder.version", "decoder.version")  # of fairseq
BEGUN = ("final_logits_bias",)

RULES = Rules(bare=BARE, derived=DERIVED, begun=BEGUN, dotted=("layers",))


def without_positions(*networks: str) -> Rules:
    """The rules of those whose positions are not learned, and in no file of Flax, nor in PyTorch's of some networks."""
    omitted = [Omitted("flax4", "*embed_positions.weight")]
    if networks:
        omitted.append(Omitted("torch", "*embed_positions.weight", networks))
    return Rules(bare=BARE, derived=DERIVED, begun=BEGUN, dotted=("layers",), omitted=tuple(omitted))
