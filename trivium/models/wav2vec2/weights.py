"""Where wav2vec 2.0's names on disk differ from the network's. Source: Transformers 4.52, for all three frameworks."""

from trivium.convert.rules import Axes, Rename, Rules

KERNEL = "parametrizations.weight.original"
SHORT = {f"{KERNEL}0": "weight_g", f"{KERNEL}1": "weight_v"}  # weight norm before PyTorch 2.1, and elsewhere to this day


def speech(prefix: str) -> Rules:
    """The rules of an encoder of speech, whose networks keep it under `prefix`."""
    paths = [f"{name}encoder.pos_conv_embed.conv" for name in (f"{prefix}.", "")]
    return Rules(
        renames=tuple(
            Rename(dialect, f"{path}.{ours}", f"{path}.{short}")
            for dialect in ("tf4", "flax4")
            for path in paths
            for ours, short in SHORT.items()
        ),
        also=tuple(Rename("torch", ours, short) for ours, short in SHORT.items()),
        axes=(Axes(f"{KERNEL}0", "11k", "k11"),),
        dotted=("conv_layers", "layers"),
    )


RULES = speech("wav2vec2")
